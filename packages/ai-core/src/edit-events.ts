import { dialectOf } from '@sluice/dialects'
import {
  bodyLength,
  headerMap,
  headerOf,
  HttpError,
  isStream,
  type Awaitable,
  type Exchange,
  type Outcome,
  type Reply,
  type ReplyBody,
} from '@sluice/kernel'
import type { Dialect } from '@sluice/provider'
import { cutEvents, cutWhole, EditedStream, type Editing } from './edited-stream.ts'
import { framingOf } from './framing-of.ts'
import { bytesOf } from './whole-body.ts'

/** One event of a streamed answer, or a whole answer, which passes as a single event. */
export interface ReplyEvent {
  /** As it came, separator included. */
  readonly bytes: Buffer
  /** A whole answer rather than one event of many. */
  readonly isWhole: boolean
  /** The event's name; empty where it has none. */
  readonly name: string
  /** Its payload as text; undefined for a comment. */
  readonly data: string | undefined
}

/** Ends the answer here: `events` are the last that the client sees. */
export interface Ending {
  readonly end: readonly Uint8Array[]
  readonly outcome: Outcome
}

/** What becomes of an event: nothing returned leaves it as it is; a list goes out in its place, an empty one drops it. */
export type Verdict = void | readonly Uint8Array[] | Ending

export interface EventEditor {
  /**
   * Called for each event in order. While a promise is pending, the answer waits. An `HttpError` ends the answer: the
   * client gets it as a status where nothing has left yet, else as an event of its dialect. Any other error breaks it off.
   */
  onEvent(event: ReplyEvent): Awaitable<Verdict>
  /** Called when the answer has ended by itself; what it returns goes out last. */
  onEnd?(outcome: Outcome): Awaitable<readonly Uint8Array[] | void>
}

/** Lets `editor` see, change, hold back or end what a reply says. Events that it leaves alone keep their bytes; what is neither events nor JSON (sound, files, compressed bytes) passes unseen. */
export async function editEvents(ctx: Exchange, reply: Reply, editor: EventEditor): Promise<Reply> {
  const { body } = reply
  if (body === null || bodyLength(body) === 0) return reply
  if (!isStream(body)) return editWhole(ctx, reply, bytesOf(body), editor)
  if (body.dialect === undefined && !isReadable(reply)) return reply
  const editing: Editing = {
    editor,
    cut: body.dialect === undefined ? cutWhole() : cutEvents(framingOf(body.dialect as Dialect)),
    ended: (outcome) => {
      ctx.outcome = outcome
    },
    failed: (err) => {
      const facts = dialectOf(body.dialect as Dialect)
      if (!(err instanceof HttpError)) {
        ctx.log.error({ err }, 'the answer broke off: an editor of its events failed')
        return { event: facts?.errorEvent({ status: 500, message: 'internal error' }, ctx.id) }
      }
      const { status, code, message, type, param, outcome } = err
      ctx.log.info({ code, status }, err.logMessage)
      return { event: facts?.errorEvent({ status, message, type, code, param }, ctx.id), refused: outcome }
    },
    lost: (err) => {
      ctx.log.error({ err }, 'the answer broke off: whoever wrapped it failed')
      ctx.abort('gateway_error')
    },
  }
  return withBody(reply, new EditedStream(body, editing))
}

/** Ends the answer here, with events (of a whole answer: a body) that you write; `blocked` counts as whole for the client. To refuse with a message, throw an `HttpError`. */
export function endReply(events: readonly Uint8Array[], outcome: Outcome): Ending {
  return { end: events, outcome }
}

async function editWhole(ctx: Exchange, reply: Reply, bytes: Buffer, editor: EventEditor): Promise<Reply> {
  const verdict = await editor.onEvent({ bytes, isWhole: true, name: '', data: bytes.toString('utf8') })
  if (verdict && 'end' in verdict) {
    ctx.outcome = verdict.outcome
    return withBody(reply, verdict.end)
  }
  const last = (await editor.onEnd?.('complete')) ?? []
  if (verdict === undefined && last.length === 0) return reply
  return withBody(reply, [...(verdict ?? [bytes]), ...last])
}

function isReadable({ headers }: Reply): boolean {
  if (headers['content-encoding'] !== undefined) return false
  return /^application\/(?:[^;]+\+)?json\b/i.test(headerOf(headers, 'content-type') ?? '')
}

function withBody({ status, headers }: Reply, body: ReplyBody): Reply {
  const { 'content-length': _, ...rest } = headers
  return { status, headers: headerMap(Object.entries(rest)), body }
}
