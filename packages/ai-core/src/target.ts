import type { Dialect } from '@sluice/provider'
import { slot, type Exchange } from '@sluice/kernel'

/** The answerer's pick, made in its `access` hook: who will be asked, and for what. */
export interface Target {
  /** Name of the configured instance. */
  readonly instance: string
  readonly provider: string
  /** The model that will be asked for; undefined where neither the client nor the route names one. */
  readonly model: string | undefined
  /** What the client speaks; undefined for an operation that is passed through. */
  readonly dialect: Dialect | undefined
  /** Digest of the instance's configuration: two targets with one digest give the same answer to the same request. */
  readonly digest: string
}

export const targetSlot = slot<Target>('ai.target')

/** Says of an instance whether it may be picked. Registered during `rewrite`; every filter must agree. */
export type InstanceFilter = (instance: string, ctx: Exchange) => boolean

export const instanceFiltersSlot = slot<InstanceFilter[]>('ai.instanceFilters')
