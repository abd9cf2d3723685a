import type { Addition, Count, Issue } from '@sluice/kernel'
import type { WireDocument } from './wire-document.ts'

/** What the primary asks of a worker; each is answered with `Answered`, in order. */
export type Request =
  /** Serve this configuration of that file. `workers`: among so many the bounds of the whole gateway are shared out. */
  | { readonly do: 'start'; readonly version: number; readonly file: string; readonly document: WireDocument; readonly workers: number }
  /** Compile what comes of these changes of it. */
  | { readonly do: 'prepare'; readonly version: number; readonly changes: WireDocument }
  /** Serve what was compiled. */
  | { readonly do: 'commit' }
  /** Forget what was compiled. */
  | { readonly do: 'discard' }
  /** Let what runs finish, for that many milliseconds, and end; answered out of order. */
  | { readonly do: 'drain'; readonly timeoutMs: number }

/** Why a worker could not do what it was asked. */
export interface Failure {
  readonly message: string
  /** What is wrong with the configuration, where that is the reason; paths are `[kind, id, ...field]`. */
  readonly problems?: readonly Issue[]
}

export interface Answered {
  readonly failure?: Failure
  /** Of a drain: nothing was cut off. */
  readonly inTime?: boolean
}

export type ToWorker =
  | { readonly type: 'ask'; readonly id: number; readonly request: Request }
  /** Comes with a socket. */
  | { readonly type: 'connection'; readonly id: number }
  /** The lines of that batch are in the primary's hands. */
  | { readonly type: 'taken'; readonly batch: number }
  | { readonly type: 'counted'; readonly counts: readonly (readonly [id: number, count: Count])[] }

export type ToPrimary =
  | { readonly type: 'answer'; readonly id: number; readonly answer: Answered }
  | { readonly type: 'accepted'; readonly id: number }
  /** Lines of the access log as configuration `version` has it. */
  | { readonly type: 'lines'; readonly batch: number; readonly version: number; readonly bytes: Uint8Array }
  | { readonly type: 'count'; readonly additions: readonly (readonly [id: number, key: string, addition: Addition])[] }
  /** Exchanges that run. */
  | { readonly type: 'running'; readonly count: number }
