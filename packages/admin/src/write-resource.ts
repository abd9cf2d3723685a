import type { Draft, Resource, Value } from '@sluice/store'
import type { Call, Handler, WriteAnswer } from './call.ts'
import { change } from './change.ts'
import { isTooDeep } from './depth.ts'
import { refuse } from './refusal.ts'
import { hasId, ownId, type ResourceType } from './resource-type.ts'
import { shownTo } from './shown.ts'
import type { Fields } from './view.ts'
import { idOf } from './where.ts'

/** Writes one whole, under the id in the path. */
export function putResource(type: ResourceType): Handler {
  return async (call) => {
    const id = idOf(type, call)
    const written = call.view.accept(type.kind, await fieldsOf(call, type), ownId(type.kind, id))
    return write(call, type, id, (stored) => valueOf(call, type, id, written, stored?.value))
  }
}

/** The same, under the id in the body. */
export function putById(type: ResourceType): Handler {
  return async (call) => {
    const written = call.view.accept(type.kind, await fieldsOf(call, type), undefined)
    const id = writtenId(type, call, written)
    if (id === undefined) throw refuse(400, `missing ${type.noun} id`)
    return write(call, type, id, (stored) => valueOf(call, type, id, written, stored?.value))
  }
}

/** Writes a new one, under an id of our making where the client names none. */
export function postResource(type: ResourceType): Handler {
  return async (call) => {
    const written = call.view.accept(type.kind, await fieldsOf(call, type), undefined)
    const own = writtenId(type, call, written)
    if (own !== undefined && !call.view.takesIdInPost) throw refuse(400, `wrong ${type.noun} id, do not need it`)
    if (own === undefined && !hasId(type.kind)) throw refuse(400, `missing ${type.noun} id`)
    const id = own ?? idOf(type, { ...call, params: { ...call.params, id: call.desk.newId() } })
    return write(call, type, id, (stored) => {
      if (stored) throw refuse(409, `${type.noun} [${id}] exists already`)
      return valueOf(call, type, id, written, undefined)
    })
  }
}

/** Puts what `make` makes of what is stored. */
export async function write(call: Call, type: ResourceType, id: string, make: (stored: Resource | undefined, draft: Draft) => Value): Promise<WriteAnswer> {
  const { kind } = type
  const ttl = ttlOf(call)
  const { before, resource } = await change(call, kind, id, (draft) => {
    if (kind === 'credentials') checkConsumer(draft, id)
    const stored = draft.get(kind, id)
    return { before: stored, resource: draft.put(kind, id, make(stored, draft), { ttl }) }
  })
  const answer = call.view.written(shownTo(call, kind, resource), before === undefined)
  return { ...answer, done: { action: actionOf(before, resource), kind, id, revision: resource.modifiedIndex } }
}

/** As it is stored: what was written, with its id, and with what was left redacted. Throws a `Refusal`. */
export function valueOf({ desk }: Call, { kind, noun }: ResourceType, id: string, written: Fields, stored: Value | undefined): Value {
  if (isTooDeep(written)) throw refuse(400, 'invalid configuration: is nested too deeply')
  const value = desk.redaction.keep(kind, id, written, stored)
  const own = ownId(kind, id)
  if (kind === 'consumers') {
    if (value['username'] !== undefined && value['username'] !== id) throw refuse(400, 'wrong username')
    return value
  }
  if (!hasId(kind)) return value
  const named = value['id']
  if (named === undefined) return { id: own, ...value }
  if (String(named) === own) return value
  // A secret's id may be given without its manager.
  if (kind === 'secrets' && named === own.slice(own.indexOf('/') + 1)) return { ...value, id: own }
  throw refuse(400, `wrong ${noun} id`)
}

async function fieldsOf(call: Call, { kind }: ResourceType): Promise<Fields> {
  const body = await call.body()
  if (body === undefined) {
    // ADC writes an upstream of nothing for a service that has none.
    if (kind === 'upstreams' && call.params['id'] !== undefined) return {}
    throw refuse(400, 'missing configurations')
  }
  if (!isFields(body)) throw refuse(400, 'invalid configuration: must be an object')
  return body
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The store's id of what a client writes, out of the body. */
function writtenId(type: ResourceType, call: Call, written: Fields): string | undefined {
  const own = type.kind === 'consumers' ? written['username'] : written['id']
  if (typeof own !== 'string' && typeof own !== 'number') return undefined
  return type.kind === 'credentials' ? `${call.params['username']}/${own}` : String(own)
}

function checkConsumer(draft: Draft, id: string): void {
  if (!draft.get('consumers', id.slice(0, id.indexOf('/')))) throw refuse(404, 'consumer not found')
}

/** Seconds. */
function ttlOf({ query, desk }: Call): number | undefined {
  const text = query.get('ttl')
  if (text === null) return undefined
  if (!/^[1-9]\d{0,9}$/.test(text)) throw refuse(400, 'ttl must be a number of seconds, 1 or more')
  if (desk.store.isLasting) throw refuse(400, 'ttl is not supported where the configuration outlives the gateway, as in a file or in etcd')
  return Number(text)
}

function actionOf(before: Resource | undefined, after: Resource): 'created' | 'updated' | 'unchanged' {
  if (!before) return 'created'
  return before === after ? 'unchanged' : 'updated'
}

