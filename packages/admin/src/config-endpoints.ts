import { isDeepStrictEqual } from 'node:util'
import { kinds, type Kind } from '@sluice/config'
import { formatPath, TimeSlice, Type, type Issue, type TSchema } from '@sluice/kernel'
import { InvalidChangeError, type Draft, type GroupState, type Resource, type Value } from '@sluice/store'
import { stringify } from 'yaml'
import type { Answer } from './answer.ts'
import type { Call, WriteAnswer } from './call.ts'
import { checkVersions, configOf, listedKinds, partsOf, readConfig, storedOf, versionOf, type WrittenConfig } from './config-body.ts'
import type { Endpoint } from './endpoint.ts'
import { refuse, Refusal } from './refusal.ts'
import { stateTag } from './state-tag.ts'
import { validateConfigs } from './validate-configs.ts'
import type { Fields } from './view.ts'
import { stateOf } from './where.ts'
import { isFields } from './write-resource.ts'

const path = '/apisix/admin/configs'

const Config: TSchema = Type.Object(
  Object.fromEntries(listedKinds.map((kind) => [kind, Type.Optional(Type.Unknown({ description: 'A list of resources.' }))])),
  { description: 'Resources in lists by kind, each list beside `<kind>_conf_version`.' },
)

/** A group’s whole configuration, as in APISIX’s standalone mode driven by its API. */
export const configEndpoints: readonly Endpoint[] = [
  { method: 'GET', path, summary: 'Shows the whole configuration; as YAML where `Accept` asks for it.', handler: getConfigs },
  { method: 'HEAD', path, summary: 'Says when the whole configuration was changed.', handler: (call) => ({ status: 200, headers: headersOf(call) }) },
  { method: 'PUT', path, summary: 'Replaces the whole configuration, by kinds of which the version is higher or not given; with `If-Match`, unless it was changed since.', handler: putConfigs, writes: true, takesConfig: true, body: Config },
  { method: 'POST', path: `${path}/validate`, summary: 'Checks a whole configuration without writing it.', handler: validateConfigs, takesConfig: true, body: Config },
]

function headersOf(call: Call): Record<string, string> {
  const state = stateOf(call)
  const { digests } = call.desk
  const digest = digests.digestOf(call.group, state)
  const modified = digests.lastModified(call.group, state, kinds.flatMap((kind) => [...state.all(kind).values()].map(({ updateTime }) => updateTime)))
  return { ...(digest !== undefined && { 'X-Digest': digest }), ...(modified > 0 && { 'X-Last-Modified': String(modified) }) }
}

async function getConfigs(call: Call): Promise<Answer> {
  const state = stateOf(call)
  const headers = headersOf(call)
  const lists = await configOf(call)
  headers['ETag'] = await stateTag(state, call.desk.redaction)
  const versions = Object.fromEntries(listedKinds.map((kind) => [`${kind}_conf_version`, versionOf(state, kind)]))
  const { ETag: _tag, ...told } = headers
  const about = { ...versions, ...told, ...('X-Last-Modified' in headers && { 'X-Last-Modified': Number(headers['X-Last-Modified']) }) }
  if (/\bapplication\/(?:x-)?yaml\b/.test(call.header('accept'))) {
    return { status: 200, body: await toYaml(lists, about), headers: { ...headers, 'content-type': 'application/yaml' } }
  }
  return { status: 200, body: { ...Object.fromEntries(lists), ...about }, headers }
}

/** Piece by piece: YAML takes its time. */
async function toYaml(lists: ReadonlyMap<string, readonly Fields[]>, about: object): Promise<string> {
  const slice = new TimeSlice()
  let text = ''
  for (const [kind, list] of lists) {
    text += `${kind}:\n`
    for (const one of list) {
      if (slice.isOver) await slice.rest()
      text += stringify([one])
    }
  }
  return text + stringify(about)
}

async function putConfigs(call: Call): Promise<WriteAnswer> {
  const { desk, group } = call
  const digest = call.header('x-digest')
  if (digest === '') throw refuse(400, 'missing digest header')
  const body = await call.body()
  if (!isFields(body)) throw refuse(400, body === undefined ? 'missing configurations' : 'invalid request body: must be an object')
  const before = stateOf(call)
  const wanted = call.header('if-match')
  const isConditional = wanted !== '' && wanted !== '*'
  if (isConditional && wanted !== (await stateTag(before, desk.redaction))) throw changedSince()
  if (desk.digests.digestOf(group, before) === digest) return { status: 204, done: { action: 'unchanged' } }
  const written = readConfig(body)
  checkVersions(written.versions, before)
  const prepared = await prepare(call, before, written)
  try {
    const { isReplaced, revision } = await desk.store.change(group, (draft) => {
      if (isConditional && kinds.some((kind) => draft.version(kind) !== before.version(kind))) throw changedSince()
      return { isReplaced: replace(call, draft, written, prepared), revision: draft.revision }
    })
    desk.digests.set(group, digest, isReplaced ? revision : before.revision)
    return { status: 202, done: isReplaced ? { action: 'replaced', revision } : { action: 'unchanged' } }
  } catch (error) {
    if (!(error instanceof InvalidChangeError)) throw error
    throw refusedConfig(error.issues, written)
  }
}

function changedSince(): Refusal {
  return refuse(412, 'the configuration was changed since it was read')
}

/** In one text, and each by itself, as `POST /configs/validate` tells them. */
function refusedConfig(issues: readonly Issue[], { document }: WrittenConfig): Refusal {
  const problems = document.placed(issues).map(({ path: at, message }) => `${formatPath(at)}: ${message}`)
  const errors = issues.map(({ path: [kind, id, ...field], message }) => {
    const [list, index] = document.placeOf([kind ?? '', id ?? ''])
    const own = kind === 'credentials' ? String(id).replace('/', '/credentials/') : id
    return { resource_type: list, resource_id: own, index, path: field, error: field.length === 0 ? message : `${formatPath(field)}: ${message}` }
  })
  return new Refusal(400, { error_msg: `invalid configuration: ${problems.join('; ')}`, errors })
}

/** What is stored of an entry, made of what was stored before. */
interface Prepared {
  readonly stored: Resource | undefined
  readonly value: Value
}

/** By `<kind>/<id>`. */
type AllPrepared = ReadonlyMap<string, Prepared>

/** Nothing else can happen during a change: what takes its time is done before. */
async function prepare(call: Call, state: GroupState, written: WrittenConfig): Promise<AllPrepared> {
  const prepared = new Map<string, Prepared>()
  const slice = new TimeSlice()
  for (const listed of replacedKinds(written, state)) {
    for (const kind of partsOf(listed)) {
      for (const [id, entry] of written.document.entries(kind)) {
        if (slice.isOver) await slice.rest()
        prepared.set(`${kind}/${id}`, preparedOf(call, kind, id, entry as Fields, state.get(kind, id)))
      }
    }
  }
  return prepared
}

function preparedOf({ desk }: Call, kind: Kind, id: string, entry: Fields, stored: Resource | undefined): Prepared {
  const value = desk.redaction.keep(kind, id, storedOf(kind, id, entry), stored?.value)
  return { stored, value: stored && isDeepStrictEqual(value, stored.value) ? stored.value : value }
}

function replacedKinds({ versions }: WrittenConfig, state: Pick<GroupState, 'version'>): readonly Kind[] {
  return listedKinds.filter((kind) => versions.get(kind) === undefined || versions.get(kind) !== versionOf(state, kind))
}

/** False: all kinds are at the versions that were written. */
function replace(call: Call, draft: Draft, written: WrittenConfig, prepared: AllPrepared): boolean {
  const { document, versions } = written
  checkVersions(versions, draft)
  const replaced = replacedKinds(written, draft)
  for (const listed of replaced) {
    const version = versions.get(listed)
    for (const kind of partsOf(listed)) {
      const values = [...document.entries(kind)].map(([id, entry]) => {
        const [stored, before] = [draft.get(kind, id), prepared.get(`${kind}/${id}`)]
        const { value } = before && before.stored === stored ? before : preparedOf(call, kind, id, entry as Fields, stored)
        return [id, value] as const
      })
      draft.replace(kind, values)
      // Where it is not given, it is one more if anything has changed: the draft sees to that.
      if (version !== undefined) draft.setVersion(kind, version)
    }
  }
  return replaced.length > 0
}
