import type { Issue } from '@sluice/kernel'
import type { Change } from './draft.ts'
import type { GroupState } from './group-state.ts'
import type { Group } from './group.ts'

/** Where a store keeps what it holds. */
export interface Backend {
  /** Nobody may change what it keeps. */
  readonly isReadonly: boolean
  /** What it keeps outlives the gateway; it can then not keep what ends by itself, or what is not fit to start from. */
  readonly isLasting: boolean
  /**
   * Keeps a change of a group. Rejects with a `ConflictError` where somebody else has changed it, or with an
   * `OutdatedError` where the store is to take that in and try again, and then nothing is kept.
   */
  keep(group: string, next: GroupState, changes: readonly Change[], options?: KeepOptions): Promise<void>
  /** Keeps which groups there are; what a group that is gone held goes with it. */
  keepGroups(groups: readonly Group[]): Promise<void>
}

export interface KeepOptions {
  /** It goes back to what was before changes that cannot be served, wherever those came from. */
  readonly isUndo?: boolean
}

/** In this process alone: gone with it. */
export class MemoryBackend implements Backend {
  readonly isReadonly: boolean
  readonly isLasting = false

  constructor({ isReadonly = false }: { isReadonly?: boolean } = {}) {
    this.isReadonly = isReadonly
  }

  async keep(): Promise<void> {}

  async keepGroups(): Promise<void> {}
}

/** Judges what a group is to become, and serves it. */
export interface Judge {
  /** Every problem of `next`, which comes from `base` by these changes; none: fit to serve. Paths are `[kind, id, ...field]`. Pure. */
  check(next: GroupState, base: GroupState, changes: readonly Change[]): Promise<readonly Issue[]>
  /**
   * Has the data plane serve a state that was checked; called for the group that is served alone, one at a time. Rejects
   * with an `InvalidChangeError` where a plugin cannot be set up; then the state before it goes on serving.
   */
  serve(state: GroupState): Promise<void>
}
