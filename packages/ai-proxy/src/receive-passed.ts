import { Pump, type Flow, type IncomingHeaders, type Receiver } from '@sluice/upstream'
import { elapsed, type Attempt } from './attempt.ts'
import { describingHeaders, relayedHeaders } from './response-headers.ts'

/** Pumps the answer of an operation that is passed through, whatever it holds. */
export function receivePassed(attempt: Attempt, status: number, incoming: IncomingHeaders, flow: Flow): Receiver {
  const { ctx, account } = attempt
  const pump = new Pump(flow)
  const headers = Object.assign(relayedHeaders(incoming, attempt.secrets), describingHeaders(incoming))
  const hasBody = ctx.request.method !== 'HEAD' && status !== 204 && status !== 304
  account.firstByteMs = elapsed(attempt)
  ctx.outcome = status >= 400 ? 'upstream_error' : 'complete'
  void settle(attempt, pump)
  attempt.resolve({ status, headers, body: hasBody ? pump : null })
  return pump
}

async function settle(attempt: Attempt, pump: Pump): Promise<void> {
  const outcome = await pump.done
  attempt.account.durationMs = elapsed(attempt)
  if (outcome !== 'complete') attempt.ctx.outcome = outcome
}
