import type { Kind } from '@sluice/config'
import type { Resource } from '@sluice/store'
import type { Answer } from './answer.ts'
import type { Refusal } from './refusal.ts'

/** A JSON object. */
export type Fields = Readonly<Record<string, unknown>>

/** A resource as its readers see it: secrets redacted, id and times in it. */
export interface Shown {
  readonly kind: Kind
  readonly id: string
  readonly value: Fields
  readonly createdIndex: number
  readonly modifiedIndex: number
}

export interface ListOptions {
  /** Of all pages. */
  readonly total: number
  readonly kind: Kind
}

/**
 * A dialect of the Admin API: how resources are answered, and what its clients write and read beside what is stored.
 * There are two of them on the same paths, APISIX’s and API7’s.
 */
export interface View {
  readonly name: 'apisix' | 'api7'
  one(shown: Shown): Answer
  list(shown: readonly Shown[], options: ListOptions): Answer
  written(shown: Shown, isNew: boolean): Answer
  /** `isGone`: it was there. */
  deleted(key: string, isGone: boolean): Answer
  missing(): Refusal
  /** What is stored of what a client writes; `id`: of the resource, where the path names it. Throws a `Refusal`. */
  accept(kind: Kind, body: Fields, id: string | undefined): Fields
  /** What a client reads of what is stored. */
  show(kind: Kind, value: Fields, client: Client): Fields
  /** The order of a list, as `Array.sort` has it. */
  order(a: Resource, b: Resource): number
  /** The same, of pages. */
  pageOrder(a: Resource, b: Resource): number
  /** What a page may hold. */
  readonly pageSize: { readonly smallest: number; readonly largest: number }
  /** An `id` that stands in the body of a POST is taken. */
  readonly takesIdInPost: boolean
  /** A service that is deleted takes what belongs to it along. */
  readonly cascades: boolean
}

/** Who asks. a7 and ADC, both of API7, want two fields in different shapes; our own command line wants what is stored. */
export type Client = 'a7' | 'sluice' | 'other'
