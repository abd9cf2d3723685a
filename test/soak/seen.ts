import type { Fault } from './faults.ts'

/** How a visit ended, as the client saw it. */
export type End =
  /** Everything came: the whole body, the end of the stream. */
  | 'whole'
  /** An answer with a status of 300 or more, whole. */
  | 'error'
  /** The answer broke off, or an event said that it failed. */
  | 'cut'
  /** The client left. */
  | 'left'
  /** The connection ended without an answer. */
  | 'nothing'

/** One request of a client, and what came of it. */
export interface Seen {
  /** What the access log knows it by; undefined: a request that cannot carry a name. */
  readonly name: string | undefined
  /** For people. */
  readonly what: string
  readonly fault: Fault
  readonly end: End
  /** Undefined where no head came. */
  readonly status: number | undefined
  /** Statuses of which it must have had one; undefined: whatever comes of the fault. */
  readonly expects: readonly number[] | undefined
}
