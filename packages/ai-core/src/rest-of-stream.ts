import { dialectOf, readUpstreamError } from '@sluice/dialects'
import { cancelBody, isStream, type Exchange, type Reply, type ReplyStream } from '@sluice/kernel'
import { accountSlot } from './account.ts'
import { clientDialect } from './format-error.ts'
import { framingOf } from './framing-of.ts'
import { wantsList } from './listed-events.ts'
import { bytesOf } from './whole-body.ts'

/** What tells a client that waits for events that the connection is not dead; undefined where its dialect has no word for it. */
export function commentFor(ctx: Exchange): Buffer | undefined {
  return framingOf(clientDialect(ctx) ?? 'openai-chat').comment
}

/** Whether the client has asked for a stream of events, and somebody is being asked for it: what is checked before has been checked. */
export function awaitsEvents(ctx: Exchange): boolean {
  return ctx.upstream !== undefined && ctx.get(accountSlot)?.stream === true && clientDialect(ctx) !== 'openai-embeddings' && !wantsList(ctx)
}

/**
 * A reply behind the head of a stream that was sent before it was known: its events, or, where it is anything else, the
 * error event of the client's dialect that takes its place.
 */
export function restOfStream(ctx: Exchange, { status, headers, body }: Reply): ReplyStream | Buffer {
  if (status < 300 && isStream(body) && body.dialect !== undefined) return body
  cancelBody(body, 'gateway_error')
  const facts = dialectOf(clientDialect(ctx) ?? 'openai-chat')
  const error =
    status < 400
      ? { status: 502, code: 'not_a_stream', message: 'the answer is no stream, and one had begun' }
      : readUpstreamError(status, headers, isStream(body) ? nothing : bytesOf(body))
  return facts ? facts.errorEvent(error, ctx.id) : nothing
}

const nothing = Buffer.alloc(0)
