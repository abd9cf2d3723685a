import type { Kind, Position } from '@sluice/config'
import type { Issue } from '@sluice/kernel'

/** The fields of a resource. */
export type Fields = Readonly<Record<string, unknown>>

/** A resource as a file has it. */
export interface Wanted {
  readonly kind: Kind
  /** Of a credential `<username>/<id>`, of a secret `<manager>/<id>`. */
  readonly id: string
  /** As it is sent: without its id, and without what the server keeps; unknown fields included. */
  readonly value: Fields
  /** The file, for messages. */
  readonly file: string
  /** Where a field of it is written, for messages. */
  locate(field: Issue['path']): { readonly path: Issue['path']; readonly position: Position | undefined }
}

/** All that a few files ask for. */
export interface WantedState {
  /** In the order in which they are written. */
  readonly resources: readonly Wanted[]
  /** What stands in the files and is not synced, a line each. */
  readonly notes: readonly string[]
  /** The `gateway` section of the first file that has one. */
  readonly settings?: { readonly file: string; readonly value: unknown } | undefined
}

/** `routes/chat`: what a resource goes by among all of them. */
export function keyOf({ kind, id }: { readonly kind: Kind; readonly id: string }): string {
  return `${kind}/${id}`
}

/** A resource without what the server keeps, and without its id, by which it goes anyway. */
export function ownFields(value: Fields): Fields {
  const { id: _id, create_time: _created, update_time: _updated, modifiedIndex: _modified, createdIndex: _made, ...own } = value
  return own
}
