import type { Kind } from '@sluice/config'
import { TimeSlice } from '@sluice/kernel'
import type { Call, Handler } from './call.ts'
import { listedKinds, storedOf } from './config-body.ts'
import { problemOf } from './plugin-endpoints.ts'
import { refuse, Refusal } from './refusal.ts'
import type { Fields } from './view.ts'
import { isFields } from './write-resource.ts'

/** Problems that are told; a configuration that is wrong all over has many. */
const mostErrors = 1_000

interface ValidationError {
  readonly resource_type: Kind
  readonly resource_id: string
  /** From 0. */
  readonly index: number
  readonly error: string
}

/** `POST /configs/validate`: every problem of a whole configuration. Resources are not looked up: ADC sends those alone that change. */
export const validateConfigs: Handler = async (call) => {
  const body = await call.body()
  if (!isFields(body)) throw refuse(400, body === undefined ? 'missing configurations' : 'invalid request body: must be an object')
  const errors: ValidationError[] = []
  const slice = new TimeSlice()
  for (const kind of listedKinds) {
    const seen = new Set<string>()
    for (const [index, entry] of listOf(body, kind).entries()) {
      if (slice.isOver) await slice.rest()
      const { id, error } = judged(call, kind, entry, seen)
      if (error !== undefined && errors.length < mostErrors) errors.push({ resource_type: kind, resource_id: id, index, error })
    }
  }
  const unknown = Object.keys(body).filter((name) => !known.has(name))
  if (unknown.length > 0) throw refuse(400, `invalid configuration: ${unknown.map((name) => `${name}: is not a known field`).join('; ')}`)
  if (errors.length === 0) return { status: 200, body: {} }
  const texts = errors.map(({ resource_type, index, error }) => `${resource_type}[${index}]: ${error}`)
  throw new Refusal(400, { error_msg: `configuration validation failed: ${texts.join('; ')}`, errors })
}

const known = new Set(['version', 'X-Digest', 'X-Last-Modified', ...listedKinds.flatMap((kind) => [kind, `${kind}_conf_version`])])

function listOf(body: Fields, kind: Kind): readonly unknown[] {
  const list = body[kind] ?? []
  if (Array.isArray(list)) return list
  if (kind === 'plugin_metadata' && isFields(list)) return Object.entries(list).map(([id, conf]) => (isFields(conf) ? { id, ...conf } : conf))
  throw refuse(400, `invalid configuration: ${kind}: must be a list`)
}

const credential = /^([^/]+)\/credentials\/([^/]+)$/

function judged(call: Call, listed: Kind, entry: unknown, seen: Set<string>): { id: string; error: string | undefined } {
  if (!isFields(entry)) return { id: '', error: 'invalid configuration: must be an object' }
  const [, username, own] = listed === 'consumers' ? (credential.exec(String(entry['id'])) ?? []) : []
  const kind = own === undefined ? listed : 'credentials'
  const { modifiedIndex: _modified, createdIndex: _created, ...written } = entry
  try {
    const accepted = call.view.accept(kind, written, undefined)
    const id = String((kind === 'consumers' ? accepted['username'] : (entry['id'] ?? accepted['id'] ?? onlyPlugin(kind, accepted))) ?? '')
    if (id !== '' && seen.has(id)) return { id, error: `another of ${listed} has the id ${id}` }
    seen.add(id)
    const key = kind === 'credentials' ? `${username}/${own}` : id
    const value = id === '' ? accepted : storedOf(kind, key, accepted)
    return { id, error: problemOf(call, kind, value, id === '' ? undefined : key) }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { id: String(entry['id'] ?? ''), error: error.message }
  }
}

/** ADC writes global rules to API7 without an id: they go by their plugin. */
function onlyPlugin(kind: Kind, { plugins }: Fields): string | undefined {
  return kind === 'global_rules' && isFields(plugins) ? Object.keys(plugins)[0] : undefined
}
