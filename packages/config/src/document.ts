import type { Kind } from './kind.ts'

/** A whole configuration, wherever it comes from: resources by kind and id, and the settings of the process. */
export interface Document {
  /** The `gateway` section, as it is written. */
  readonly settings: unknown
  /** In the order in which they are written. A value that stays the same object is not checked again. */
  entries(kind: Kind): Iterable<readonly [id: string, value: unknown]>
  /** The same object for as long as no entry of the kind, nor their order, changes; where it can tell. */
  token?(kind: Kind): unknown
  /** One entry; where it can tell without looking at all of them. */
  value?(kind: Kind, id: string): unknown
  /** `<kind>/<id>` of what was taken away although others may refer to it: routes that do say so when they are asked. */
  readonly forced?: ReadonlySet<string>
  /** Nothing was read of it yet: what it holds is not known. */
  readonly isPending?: boolean
}
