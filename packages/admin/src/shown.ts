import type { Kind } from '@sluice/config'
import type { Resource } from '@sluice/store'
import type { Redaction } from './redaction.ts'
import { hasId, ownId } from './resource-type.ts'
import type { Client, Fields, Shown, View } from './view.ts'

/** Whoever reads; every call is one. */
export interface Reader {
  readonly view: View
  readonly client: Client
  readonly desk: { readonly redaction: Redaction }
}

/** A resource as its reader sees it. */
export function shownTo({ view, client, desk }: Reader, kind: Kind, resource: Resource): Shown {
  const { id, createdIndex, modifiedIndex } = resource
  const value = view.show(kind, complete(kind, resource, desk.redaction.show(kind, resource)), client)
  return { kind, id, value, createdIndex, modifiedIndex }
}

/** With its id and times; metadata has no times, for tools would take them for a part of it. */
function complete(kind: Kind, { id, createTime, updateTime }: Resource, value: Fields): Fields {
  if (kind === 'plugin_metadata') return { ...value, id }
  const times = { create_time: createTime, update_time: updateTime }
  if (!hasId(kind)) return { ...value, ...times }
  const own = ownId(kind, id)
  return String(value['id']) === own ? { ...value, ...times } : { ...value, id: own, ...times }
}

/** Something that ADC writes for a service without an upstream: nobody sees it, and services may refer to it. */
export function isPlaceholder(kind: Kind, { value }: Resource): boolean {
  return kind === 'upstreams' && Object.keys(value).every((name) => placeholder.has(name))
}

const placeholder = new Set(['id', 'name', 'desc', 'labels', 'create_time', 'update_time'])
