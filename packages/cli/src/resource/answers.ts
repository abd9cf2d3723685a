import type { AdminAnswer } from '../admin-client.ts'
import { CommandError } from '../command-error.ts'
import { isFields, type Fields } from '../fields.ts'
import { keyOf, type ResourceType } from './resource-type.ts'

/** The resource in an answer: in APISIX's envelope, in API7's, or in none. */
export function resourceIn({ body }: AdminAnswer): Fields {
  const value = isEnvelope(body) ? body['value'] : body
  return isFields(value) ? value : {}
}

/** Those of a list, and how many there are on all pages. */
export function resourcesIn({ body }: AdminAnswer, type: ResourceType): { readonly list: readonly Fields[]; readonly total: number } {
  if (!isFields(body)) throw new CommandError(`the server's list of ${type.plural} is not one`)
  const { list, total, value } = body
  if (list === undefined && isFields(value)) {
    // Of plugin metadata API7 answers with a map.
    const all = Object.entries(value).map(([key, one]) => ({ [type.key]: key, ...(isFields(one) && one) }))
    return { list: all, total: all.length }
  }
  const all = (Array.isArray(list) ? list : []).map((one: unknown) => (isEnvelope(one) ? one['value'] : one)).filter(isFields)
  return { list: all.map((one) => withKey(type, one)), total: typeof total === 'number' ? total : all.length }
}

/** What a write has done; undefined where the server does not say. */
export function actionIn({ status, headers, body }: AdminAnswer, method: string): 'created' | 'updated' | 'unchanged' | undefined {
  const said = headers['x-sluice-action']
  if (said === 'created' || said === 'updated' || said === 'unchanged') return said
  if (status === 201 || method === 'POST') return 'created'
  return isFields(body) && 'key' in body ? 'updated' : undefined
}

function isEnvelope(body: unknown): body is { readonly value: unknown } & Fields {
  return isFields(body) && 'value' in body && !('list' in body) && ('key' in body || Object.keys(body).length === 1)
}

/** In lists of APISIX's dialect plugin metadata goes by an id. */
function withKey(type: ResourceType, value: Fields): Fields {
  if (type.key !== 'plugin_name' || keyOf(type, value) === undefined) return value
  const { id: _id, plugin_name: _name, ...metadata } = value
  return { plugin_name: keyOf(type, value), ...metadata }
}
