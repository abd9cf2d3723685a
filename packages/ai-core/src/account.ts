import type { Usage } from '@sluice/dialects'
import { slot, type Exchange } from '@sluice/kernel'

/** Where the usage comes from: all of it from the provider, as much as was seen before the answer broke off, or nowhere. */
export type UsageSource = 'provider' | 'partial' | 'none'

/** What is told of an AI exchange: the answerer fills it, the log reads it. A new attempt fills it afresh. */
export interface Account {
  /** Whether the answer is, or would have been, a stream: the final value of `stream`. */
  stream: boolean
  /** The client's model. */
  requestedModel: string | undefined
  /** The model asked of the provider. */
  model: string | undefined
  usage: Usage | undefined
  usageSource: UsageSource
  /** Milliseconds from the start of the attempt to the first event with content, or to a whole answer. */
  firstTokenMs: number | undefined
  /** Milliseconds from the start of the attempt to the first byte of the answer's body. */
  firstByteMs: number | undefined
  /** Milliseconds from the start of the attempt to the last byte of the answer. */
  durationMs: number | undefined
  hasToolCalls: boolean
  toolCount: number
  endUserId: string | undefined
}

/** The account of an attempt of which nothing is known yet but what was asked. */
export function openAccount({ stream, requestedModel, model }: Pick<Account, 'stream' | 'requestedModel' | 'model'>): Account {
  return {
    stream,
    requestedModel,
    model,
    usage: undefined,
    usageSource: 'none',
    firstTokenMs: undefined,
    firstByteMs: undefined,
    durationMs: undefined,
    hasToolCalls: false,
    toolCount: 0,
    endUserId: undefined,
  }
}

export const accountSlot = slot<Account>('ai.account')

/** Tokens of the exchange so far; undefined where the provider told none. Final in the log phase. */
export function usageOf(ctx: Exchange): Usage | undefined {
  return ctx.get(accountSlot)?.usage
}
