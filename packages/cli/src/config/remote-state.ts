import type { Kind } from '@sluice/config'
import { keyOf, type Fields } from './wanted.ts'

/** A resource as the server shows it. */
export interface Existing {
  readonly kind: Kind
  readonly id: string
  /** Without its id and what else the server keeps; secrets may be redacted. */
  readonly value: Fields
  /** All of it. */
  readonly shown: Fields
}

/** Everything that a gateway group holds. */
export interface RemoteState {
  /** By `<kind>/<id>`, in the order of the server. */
  readonly resources: ReadonlyMap<string, Existing>
  /** There where the server takes a whole configuration back in one step. */
  readonly whole: WholeState | undefined
}

/** What the server knows of a configuration as a whole. */
export interface WholeState {
  /** Of its content: another one after every change. */
  readonly tag: string
  /** By kind, what it is to be told of those that stay as they are. */
  readonly versions: ReadonlyMap<string, number>
}

/** Resources by what they go by. */
export function byKey<T extends { readonly kind: Kind; readonly id: string }>(resources: Iterable<T>): ReadonlyMap<string, T> {
  return new Map([...resources].map((one) => [keyOf(one), one]))
}
