import type { Outcome } from '@sluice/kernel'
import type { Attempt } from './attempt.ts'
import { BodyDecoder, unpackerFor } from './decode-body.ts'
import { BytesReceiver } from './receive-bytes.ts'
import { EventReceiver, type Upstream } from './receive-events.ts'
import { WholeReceiver } from './receive-whole.ts'
import { valueOf } from './response-headers.ts'
import { ErrorReceiver } from './upstream-error.ts'
import type { IncomingHeaders, Receiver } from './upstream-call.ts'

/** Says who takes an answer, by its status and what it says it is. */
export function receive(attempt: Attempt, status: number, headers: IncomingHeaders, call: Upstream): Receiver {
  const { facts } = attempt
  if (!facts) return new BytesReceiver(attempt, status, headers, call)
  try {
    return unpacked(headers, call, (upstream) => {
      const stop = (): void => upstream.stop('upstream_error')
      if (status >= 300) return new ErrorReceiver(attempt, status, headers, stop)
      if (isEventStream(headers)) return new EventReceiver(attempt, facts, status, headers, upstream)
      return new WholeReceiver(attempt, status, headers, stop)
    })
  } catch (error) {
    call.stop('upstream_error')
    attempt.reject(error)
    return ignored
  }
}

function isEventStream(headers: IncomingHeaders): boolean {
  return valueOf(headers, 'content-type')?.toLowerCase().includes('text/event-stream') ?? false
}

function unpacked(headers: IncomingHeaders, call: Upstream, make: (upstream: Upstream) => Receiver): Receiver {
  const unpack = unpackerFor(valueOf(headers, 'content-encoding'))
  if (!unpack) return make(call)
  const upstream: Upstream = {
    pause() {
      unpack.pause()
      call.pause()
    },
    resume() {
      unpack.resume()
      call.resume()
    },
    stop(reason: Outcome) {
      unpack.destroy()
      call.stop(reason)
    },
  }
  return new BodyDecoder(unpack, make(upstream), () => call.stop('upstream_error'))
}

const ignored: Receiver = { data() {}, end() {}, fail() {} }
