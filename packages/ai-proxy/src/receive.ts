import type { Outcome } from '@sluice/kernel'
import { binaryMessages, serverSentEvents, type Framing } from '@sluice/provider'
import { Guarded, type Flow, type IncomingHeaders, type Receiver } from '@sluice/upstream'
import type { Attempt } from './attempt.ts'
import { BodyDecoder, unpackerFor } from './decode-body.ts'
import { FirstBytes } from './first-bytes.ts'
import { receiveError } from './receive-error.ts'
import { EventReceiver } from './receive-events.ts'
import { receivePassed } from './receive-passed.ts'
import { receiveWhole } from './receive-whole.ts'
import { valueOf } from './response-headers.ts'

/** Says who takes an answer, by its status and what it says it is. */
export function receive(attempt: Attempt, status: number, headers: IncomingHeaders, call: Flow): Receiver {
  const { facts } = attempt
  // An error that is passed is looked at, and a redirect: they may repeat what they were sent.
  if (!facts && (status < 300 || status === 304 || attempt.ctx.request.method === 'HEAD')) return receivePassed(attempt, status, headers, call)
  try {
    return unpacked(attempt, headers, call, (upstream) => {
      const stop = (): void => upstream.stop('upstream_error')
      if (!facts || status >= 300) return receiveError(attempt, status, headers, stop)
      const { framing = serverSentEvents } = facts
      const asEvents = (fields = headers) => new EventReceiver(attempt, facts, status, fields, upstream)
      const asWhole = (fields = headers) => receiveWhole(attempt, facts, status, fields, stop)
      if (!isStreamOf(headers, binaryMessages, serverSentEvents)) {
        return new FirstBytes(asWhole(), framing, (found) => (found === 'events' ? asEvents(withType(headers, framing.mediaType)) : undefined))
      }
      // By another one's type a stream cannot be told from that.
      const events = asEvents(isStreamOf(headers, framing) ? headers : withType(headers, framing.mediaType))
      return new FirstBytes(events, framing, (found) =>
        found === 'json' && events.giveWay() ? asWhole(withType(headers, 'application/json')) : undefined,
      )
    })
  } catch (error) {
    call.stop('upstream_error')
    attempt.reject(error)
    return ignored
  }
}

function isStreamOf(headers: IncomingHeaders, ...framings: readonly Framing[]): boolean {
  const type = valueOf(headers, 'content-type')?.toLowerCase() ?? ''
  return framings.some(({ mediaType }) => type.includes(mediaType))
}

function withType(headers: IncomingHeaders, type: string): IncomingHeaders {
  return { ...headers, 'content-type': type }
}

function unpacked({ ctx }: Attempt, headers: IncomingHeaders, call: Flow, make: (upstream: Flow) => Receiver): Receiver {
  const unpack = unpackerFor(valueOf(headers, 'content-encoding'))
  if (!unpack) return make(call)
  const upstream: Flow = {
    pause() {
      unpack.pause()
      call.pause()
    },
    resume() {
      unpack.resume()
      if (!unpack.writableNeedDrain) call.resume()
    },
    stop(reason: Outcome) {
      unpack.destroy()
      call.stop(reason)
    },
  }
  const inner = new Guarded(make(upstream), ctx, () => upstream.stop('gateway_error'))
  return new BodyDecoder(unpack, inner, call)
}

const ignored: Receiver = { data() {}, end() {}, fail() {} }
