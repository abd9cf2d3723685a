import type { Value } from '@sluice/store'
import type { Call, Handler } from './call.ts'
import { applyOperations, isOperations } from './json-patch.ts'
import { refuse } from './refusal.ts'
import type { ResourceType } from './resource-type.ts'
import type { Fields } from './view.ts'
import { idOf } from './where.ts'
import { isFields, valueOf, write } from './write-resource.ts'

/**
 * Changes a part of one: an object is merged in, `null` deletes; a list, or `application/json-patch+json`, is operations
 * of RFC 6902; with a path behind the id the body takes the place of what is there.
 */
export function patchResource(type: ResourceType): Handler {
  return async (call) => {
    const { kind } = type
    const id = idOf(type, call)
    const body = await call.body()
    if (body === undefined) throw refuse(400, 'missing configurations')
    const patch = patchOf(call, body)
    return write(call, type, id, (stored) => {
      if (!stored) throw call.view.missing()
      const { create_time: _created, update_time: _updated, ...patched } = patch(stored.value, () => call.desk.redaction.mask(kind, stored))
      return valueOf(call, type, id, patched, stored.value)
    })
  }
}

type Patch = (value: Value, masked: () => ReturnType<Call['desk']['redaction']['mask']>) => Fields

function patchOf({ rest, header }: Call, body: unknown): Patch {
  if (rest.length > 0) return (value) => replaced(value, rest, body, rest)
  if (isOperations(body, header('content-type'))) {
    return (_, masked) => {
      const { value, reveal } = masked()
      return reveal(applyOperations(value, body))
    }
  }
  if (!isFields(body)) throw refuse(400, 'invalid configuration: must be an object, or a list of operations')
  return (value) => merged(value, body)
}

/** https://www.rfc-editor.org/rfc/rfc7396 */
function merged(value: Fields, patch: Fields): Fields {
  const result = new Map(Object.entries(value))
  for (const [name, change] of Object.entries(patch)) {
    const before = result.get(name)
    if (change === null) result.delete(name)
    else result.set(name, isFields(change) ? merged(isFields(before) ? before : {}, change) : change)
  }
  return Object.fromEntries(result)
}

function replaced(value: Fields, path: readonly string[], body: unknown, whole: readonly string[]): Fields {
  return within(value, path, body, whole) as Fields
}

function within(value: unknown, path: readonly string[], body: unknown, whole: readonly string[]): unknown {
  const [name, ...inner] = path
  if (name === undefined) return body
  const isLast = inner.length === 0
  if (Array.isArray(value)) {
    const index = /^(?:0|[1-9]\d{0,8})$/.test(name) ? Number(name) : -1
    if (index < 0 || index >= value.length) throw noPath(whole)
    if (isLast && body === null) return value.toSpliced(index, 1)
    return value.with(index, within(value[index], inner, body, whole))
  }
  if (!isFields(value) || name === '' || (!isLast && !Object.hasOwn(value, name))) throw noPath(whole)
  const members = new Map(Object.entries(value))
  if (isLast && body === null) members.delete(name)
  else members.set(name, within(members.get(name), inner, body, whole))
  return Object.fromEntries(members)
}

function noPath(whole: readonly string[]): Error {
  return refuse(400, `invalid sub-path: /${whole.join('/')}`)
}
