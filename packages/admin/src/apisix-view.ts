import { ok } from './answer.ts'
import { refuse, Refusal } from './refusal.ts'
import { keyOf } from './resource-type.ts'
import type { Shown, View } from './view.ts'

/** Resources in an envelope with key and indexes. https://apisix.apache.org/docs/apisix/admin-api/ */
export const apisixView: View = {
  name: 'apisix',
  one: (shown) => ok(enveloped(shown)),
  list(shown, { total, kind }) {
    // ADC reads 404 of a consumer's credentials, and nothing else, as none.
    if (kind === 'credentials' && total === 0) throw this.missing()
    return ok({ list: shown.map(enveloped), total })
  },
  written: ({ kind, id, value }, isNew) => ({ status: isNew ? 201 : 200, body: { key: keyOf(kind, id), value } }),
  deleted: (key, isGone) => ok({ deleted: isGone ? '1' : '0', key }),
  missing: () => new Refusal(404, { error_msg: 'Key not found', message: 'Key not found' }),

  accept(kind, body) {
    for (const name of ['create_time', 'update_time']) {
      if (name in body) throw refuse(400, `the property is forbidden:  ${name}`)
    }
    if (kind !== 'plugin_metadata') return body
    const { id: _id, ...metadata } = body
    return metadata
  },
  show(kind, value) {
    if (kind !== 'routes' || !('paths' in value)) return value
    const { paths, ...rest } = value
    return { ...rest, uris: paths }
  },

  order: (a, b) => compare(a.id, b.id),
  pageOrder: (a, b) => a.createdIndex - b.createdIndex || compare(a.id, b.id),
  pageSize: { smallest: 10, largest: 500 },
  takesIdInPost: false,
  cascades: false,
}

function enveloped({ kind, id, value, createdIndex, modifiedIndex }: Shown): object {
  return { key: keyOf(kind, id), value, createdIndex, modifiedIndex }
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
