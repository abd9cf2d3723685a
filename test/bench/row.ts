import type { Elsewhere } from './machine.ts'
import type { Spread } from './statistics.ts'

/** One target of one scenario, measured. */
export interface Row {
  readonly scenario: string
  readonly title: string
  readonly target: string
  readonly reference: string
  /** What goal, result and noise are. */
  readonly quantity: Quantity
  /** None for targets from outside. */
  readonly goal: number | undefined
  readonly result: Spread
  /** What the result comes from, medians: how much of `unit` a request, chunk or stream takes. */
  readonly referenceCost: number
  readonly cost: number
  readonly unit: 'µs' | 'KiB' | 'MiB'
  readonly per: string
  /** How far the reference's twin is from the reference; none where a target is compared with itself. */
  readonly noise: Spread | undefined
  /** The result over the whole time at once, also between slices: far above the result where something rare is dear, such as a large collection. */
  readonly whole?: number
  /** The figures of each round, by what they are of. */
  readonly rounds: Readonly<Record<string, readonly number[]>>
  /** What the table has no column for. */
  readonly remark?: string
}

/** A row, and what the machine did beside it while it was measured. */
export interface WatchedRow extends Row {
  readonly machine: Elsewhere
}

/** `ratio`: a cost by another; `KiB`: how much more memory one takes than another. */
export type Quantity = keyof typeof quantities

interface Meaning {
  /** The noise of twins that do not differ. */
  readonly equal: number
  /** Twins that are further apart make a row that decides nothing. */
  readonly tolerable: number
  print(value: number): string
}

export const quantities = {
  ratio: { equal: 1, tolerable: 0.1, print: (value) => value.toFixed(3) },
  KiB: { equal: 0, tolerable: 5, print: (value) => `${value.toFixed(1).replace(/^-0\.0$/, '0.0')} KiB` },
} satisfies Record<string, Meaning>
