import { isRecord, type Kind } from '@sluice/config'
import type { Resource, Value } from '@sluice/store'

/** A value as it is kept in etcd, read. */
export interface ReadValue {
  readonly value: Value
  /** Unix time, seconds; undefined where the value does not tell. */
  readonly createTime: number | undefined
  readonly updateTime: number | undefined
}

/** A resource as APISIX keeps it: as it was sent, with its id and times; a consumer has no id, metadata no times. */
export function writeValue(kind: Kind, { id, value, createTime, updateTime }: Resource): string {
  if (kind === 'plugin_metadata') return JSON.stringify({ ...value, id })
  return JSON.stringify({ ...(kind !== 'consumers' && { id: ownId(kind, id) }), ...value, create_time: createTime, update_time: updateTime })
}

/** Reads a value; or says what is wrong with it, in words that show nothing of it. */
export function readValue(kind: Kind, id: string, text: string): ReadValue | { readonly problem: string } {
  const parsed = parse(text)
  if (!isRecord(parsed)) return { problem: parsed === undefined ? 'is not JSON' : 'must be a JSON object' }
  const { create_time: createTime, update_time: updateTime, ...value } = parsed
  const problem = idProblem(kind, id, value) ?? timeProblem({ create_time: createTime, update_time: updateTime })
  if (problem !== undefined) return { problem }
  if (kind !== 'plugin_metadata') return { value, createTime: timeOf(createTime), updateTime: timeOf(updateTime) }
  const { id: _, ...metadata } = parsed
  return { value: metadata, createTime: undefined, updateTime: undefined }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // what it holds may be secret, and the parser would quote it
  }
}

/** What a value is called must be what its key says: references go by that. */
function idProblem(kind: Kind, id: string, value: Value): string | undefined {
  const slashes = kind === 'secrets' || kind === 'credentials' ? 1 : 0
  if (id.split('/').length - 1 !== slashes) return `stands at a key that is none of ${kind}`
  const name = kind === 'consumers' ? 'username' : 'id'
  const written = value[name]
  if (written === undefined) return kind === 'consumers' ? 'username: is required' : undefined
  const names: readonly unknown[] = [id, ownId(kind, id), id.slice(id.indexOf('/') + 1), id.replace('/', '/credentials/')]
  return names.includes(String(written)) ? undefined : `${name}: must be what its key says, ${ownId(kind, id)}`
}

/** The id by which a resource goes in its own value: of a credential the last part. */
function ownId(kind: Kind, id: string): string {
  return kind === 'credentials' ? id.slice(id.indexOf('/') + 1) : id
}

function timeProblem(times: Value): string | undefined {
  const wrong = Object.entries(times).find(([, time]) => time !== undefined && timeOf(time) === undefined)
  return wrong && `${wrong[0]}: must be a number of seconds`
}

function timeOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? Math.floor(value) : undefined
}
