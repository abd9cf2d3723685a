import type { Account } from '@sluice/ai-core'
import type { DialectFacts, StreamReader, Translation } from '@sluice/dialects'
import type { Exchange, Reply } from '@sluice/kernel'
import type { Payloads } from './payloads.ts'

/** One upstream call of one exchange, as the receivers of its answer see it. */
export interface Attempt {
  readonly ctx: Exchange
  readonly provider: string
  /** The dialect that the provider speaks; absent for an operation that is passed through. */
  readonly facts: DialectFacts | undefined
  /** The dialect of the client; another one where there is a `translation`. */
  readonly clientFacts: DialectFacts | undefined
  readonly translation: Translation | undefined
  readonly account: Account
  /** On `ctx.clock.monotonic()`. */
  readonly startedAt: number
  /** The usage chunk was asked for by us: it is not the client's to see. */
  readonly hidesUsage: boolean
  /** Answers that were asked for: `n` of a chat. */
  readonly choices: number
  /** `max_response_bytes`, else no limit of the route’s. */
  readonly maxResponseBytes: number
  /** Milliseconds for which the head of a stream is held back at most. */
  readonly commitMs: number
  /** Credentials of the route: taken out of whatever an upstream error repeats. */
  readonly secrets: readonly string[]
  readonly payloads: Payloads | undefined
  /** The reply is decided. The first of `resolve` and `reject` counts. */
  resolve(reply: Reply): void
  reject(error: unknown): void
}

/** Milliseconds since the attempt began. */
export function elapsed({ ctx, startedAt }: Attempt): number {
  return ctx.clock.monotonic() - startedAt
}

/** Settles the account with what was read of a stream, as far as it came. */
export function accountFor(attempt: Attempt, { usage, hasToolCalls, finished }: StreamReader): void {
  const { account } = attempt
  account.durationMs = elapsed(attempt)
  account.usage = usage
  account.hasToolCalls = hasToolCalls
  if (usage) account.usageSource = finished ? 'provider' : 'partial'
}
