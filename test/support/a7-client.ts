import { isDeepStrictEqual } from 'node:util'

// How a7, API7's command line, speaks to an Admin API: requests, and how it reads what comes. As observed of a7; https://github.com/api7/a7

type Json = Record<string, unknown>
type FieldKind = 'string' | 'strings' | 'object' | 'labels' | 'int' | 'bool' | 'nodes'

const about = { id: 'string', name: 'string', desc: 'string', labels: 'labels' } as const
/** Go structs: a field of another type fails the whole command, a field that is not here is dropped. */
const structs: Readonly<Record<string, Readonly<Record<string, FieldKind>>>> = {
  routes: { ...about, uri: 'string', host: 'string', service_id: 'string', upstream_id: 'string', uris: 'strings', paths: 'strings', methods: 'strings', hosts: 'strings', upstream: 'object', plugins: 'object', status: 'int', priority: 'int' },
  services: { ...about, upstream_id: 'string', upstream: 'object', plugins: 'object', hosts: 'strings', enable_websocket: 'bool' },
  upstreams: { ...about, type: 'string', scheme: 'string', pass_host: 'string', upstream_host: 'string', nodes: 'nodes', retries: 'int', timeout: 'object', checks: 'object' },
  consumers: { username: 'string', desc: 'string', labels: 'labels', plugins: 'object' },
  credentials: { ...about, plugins: 'object' },
  ssls: { id: 'string', cert: 'string', key: 'string', type: 'string', snis: 'strings', labels: 'labels', status: 'int' },
  global_rules: { id: 'string', plugins: 'object', labels: 'labels' },
  plugin_configs: { id: 'string', desc: 'string', plugins: 'object', labels: 'labels' },
  consumer_groups: { id: 'string', desc: 'string', plugins: 'object', labels: 'labels' },
  stream_routes: { id: 'string', desc: 'string', remote_addr: 'string', server_addr: 'string', sni: 'string', upstream_id: 'string', server_port: 'int', upstream: 'object', plugins: 'object', labels: 'labels' },
  protos: { id: 'string', desc: 'string', content: 'string', labels: 'labels' },
  secret_providers: { id: 'string', uri: 'string', prefix: 'string', token: 'string', labels: 'labels' },
  gateway_groups: { id: 'string', name: 'string', description: 'string', prefix: 'string', labels: 'labels', status: 'int', created_at: 'int', updated_at: 'int' },
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

const fits: Readonly<Record<FieldKind, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  strings: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
  object: isObject,
  labels: (value) => isObject(value) && Object.values(value).every((one) => typeof one === 'string'),
  int: Number.isInteger,
  bool: (value) => typeof value === 'boolean',
  nodes: (value) => isObject(value) && Object.values(value).every(Number.isInteger),
}

/** What an answer of 400 or more becomes. */
export class A7Error extends Error {
  readonly status: number

  constructor(status: number, text: string) {
    super(text)
    this.status = status
  }
}

/** A file of `config sync`. */
export type A7File = { readonly version: '1' } & Readonly<Record<string, unknown>>

export interface A7Outcome {
  created: number
  updated: number
  deleted: number
}

/** In files, and on the wire. */
const kinds = [
  ['upstreams', 'upstreams'],
  ['services', 'services'],
  ['consumers', 'consumers'],
  ['consumer_groups', 'consumer_groups'],
  ['plugin_configs', 'plugin_configs'],
  ['ssl', 'ssls'],
  ['global_rules', 'global_rules'],
  ['protos', 'protos'],
  ['secrets', 'secret_providers'],
  ['plugin_metadata', 'plugin_metadata'],
  ['routes', 'routes'],
  ['stream_routes', 'stream_routes'],
] as const

export class A7Client {
  /** Every request that was sent, `METHOD path`. */
  readonly sent: string[] = []
  readonly #server: string
  readonly #token: string
  readonly #group: string | undefined

  constructor({ server, token, group = 'default' }: { server: string; token: string; group?: string | undefined }) {
    this.#server = server
    this.#token = token
    this.#group = group
  }

  /** `a7 <resource> create -f`: PUT where the file names an id, else POST. Gives what is printed. */
  create(path: string, file: Json): Promise<unknown> {
    return file['id'] === undefined ? this.request('POST', path, file) : this.request('PUT', `${path}/${String(file['id'])}`, file)
  }

  async get(path: string, kind: string): Promise<Json> {
    return decode(kind, unwrapped(await this.request('GET', path)))
  }

  async list(path: string, kind: string): Promise<Json[]> {
    const { list } = (await this.request('GET', path)) as { list: unknown[] | null }
    return (list ?? []).map((one) => decode(kind, one))
  }

  /** `a7 context create`: looks whether the server and the group are there. */
  async contextCreate(): Promise<void> {
    await this.request('GET', '/api/gateway_groups?page_size=1', undefined, false)
    if (this.#group !== undefined) decode('gateway_groups', unwrapped(await this.request('GET', `/api/gateway_groups/${this.#group}`, undefined, false)))
  }

  /** `a7 config sync`. Of several differences all creates come first, then all updates, then the deletes. */
  async sync(file: A7File, { isDelete = true, isDryRun = false } = {}): Promise<A7Outcome> {
    const remote = await this.#read()
    const outcome: A7Outcome = { created: 0, updated: 0, deleted: 0 }
    const changes = kinds.map(([name, wire]) => ({ name, wire, ...differences(wire, (file[name] ?? []) as Json[], remote.get(wire) ?? []) }))
    for (const { created } of changes) outcome.created += created.length
    for (const { updated } of changes) outcome.updated += updated.length
    if (isDelete) for (const { deleted } of changes) outcome.deleted += deleted.length
    if (isDryRun) return outcome
    for (const { wire, created } of changes) for (const one of created) await this.#put(wire, one)
    for (const { wire, updated } of changes) for (const one of updated) await this.#put(wire, one)
    if (isDelete) for (const { wire, deleted } of changes.toReversed()) for (const key of deleted) await this.#delete(wire, key)
    return outcome
  }

  async #put(wire: string, one: Json): Promise<void> {
    if (wire === 'consumers') await this.request('PUT', '/apisix/admin/consumers', one)
    else await this.request('PUT', `/apisix/admin/${wire}/${keyOf(wire, one)}`, one)
  }

  async #delete(wire: string, key: string): Promise<void> {
    for (let left = 5; ; left--) {
      try {
        await this.request('DELETE', `/apisix/admin/${wire}/${key}`)
        return
      } catch (error) {
        const isBusy = error instanceof A7Error && error.status === 400 && error.message.includes('still using it')
        if (!isBusy || left === 0) throw error
      }
    }
  }

  async #read(): Promise<Map<string, Json[]>> {
    const remote = new Map<string, Json[]>()
    remote.set('services', await this.#all('services'))
    const routes: Json[] = []
    for (const { id } of remote.get('services') ?? []) routes.push(...(await this.#all('routes', `&service_id=${String(id)}`)))
    remote.set('routes', routes)
    for (const wire of ['upstreams', 'consumers', 'ssls', 'global_rules', 'plugin_configs', 'consumer_groups', 'stream_routes', 'protos', 'secret_providers']) remote.set(wire, await this.#all(wire))
    const plugins = ((await this.#orNone('/apisix/admin/plugins/list')) ?? []) as string[]
    const metadata: Json[] = []
    for (const name of plugins) {
      const found = await this.#orNone(`/apisix/admin/plugin_metadata/${name}`)
      if (found !== undefined) metadata.push({ ...(unwrapped(found) as Json), plugin_name: name })
    }
    return remote.set('plugin_metadata', metadata)
  }

  async #all(wire: string, query = ''): Promise<Json[]> {
    const collected: Json[] = []
    for (let page = 1; ; page++) {
      const answer = (await this.#orNone(`/apisix/admin/${wire}?page=${page}&page_size=500${query}`)) as { total: number; list: unknown[] | null } | undefined
      if (!answer) return collected
      const list = answer.list ?? []
      collected.push(...list.map((one) => decode(wire, one)))
      if (collected.length >= answer.total || list.length === 0) return collected
    }
  }

  /** 400 and 404 are read as "none". */
  async #orNone(path: string): Promise<unknown> {
    try {
      return await this.request('GET', path)
    } catch (error) {
      if (error instanceof A7Error && (error.status === 400 || error.status === 404)) return undefined
      throw error
    }
  }

  async request(method: string, path: string, body?: unknown, isScoped = true): Promise<unknown> {
    const scope = isScoped && this.#group !== undefined ? `${path.includes('?') ? '&' : '?'}gateway_group_id=${this.#group}` : ''
    this.sent.push(`${method} ${path}`)
    const response = await fetch(`${this.#server}${path}${scope}`, {
      method,
      headers: { 'x-api-key': this.#token, 'user-agent': 'Go-http-client/1.1', ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (response.status < 400) return method === 'DELETE' || text === '' ? undefined : JSON.parse(text)
    throw new A7Error(response.status, errorText(text))
  }
}

function errorText(text: string): string {
  try {
    return (JSON.parse(text) as { error_msg?: string }).error_msg ?? text
  } catch {
    return text
  }
}

/** An envelope of no more than two keys is taken off; another is taken for the resource. */
function unwrapped(answer: unknown): unknown {
  if (!isObject(answer) || !('value' in answer) || 'list' in answer || 'total' in answer || Object.keys(answer).length > 2) return answer
  return answer['value']
}

/** Throws a `TypeError` where a field has another type. Fields at Go's zero value are as if they were not there. */
function decode(kind: string, value: unknown): Json {
  const struct = structs[kind]
  if (!isObject(value)) throw new TypeError(`cannot unmarshal ${JSON.stringify(value)} into ${kind}`)
  if (!struct) return value
  const decoded: Json = {}
  for (const [name, type] of Object.entries(struct)) {
    const member = value[name]
    if (member === undefined || member === null) continue
    if (!fits[type](member)) throw new TypeError(`cannot unmarshal ${JSON.stringify(member)} into ${kind}.${name}`)
    if (member !== '' && member !== 0 && member !== false) decoded[name] = member
  }
  return decoded
}

function keyOf(wire: string, one: Json): string {
  const name = { consumers: 'username', plugin_metadata: 'plugin_name' }[wire] ?? 'id'
  if (typeof one[name] !== 'string' || one[name] === '') throw new Error(`missing "${name}" field`)
  return one[name]
}

function differences(wire: string, file: readonly Json[], remote: readonly Json[]): { created: Json[]; updated: Json[]; deleted: string[] } {
  const local = new Map(file.map((one) => decode(wire, one)).map((one) => [keyOf(wire, one), one]))
  const there = new Map(remote.map((one) => [keyOf(wire, one), one]))
  return {
    created: [...local].filter(([key]) => !there.has(key)).map(([, one]) => one),
    updated: [...local].filter(([key, one]) => there.has(key) && !isDeepStrictEqual(withoutTimes(one), withoutTimes(there.get(key)))).map(([, one]) => one),
    deleted: [...there.keys()].filter((key) => !local.has(key)),
  }
}

function withoutTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTimes)
  if (!isObject(value)) return value
  const kept = Object.entries(value).filter(([name]) => name !== 'create_time' && name !== 'update_time')
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutTimes(member)]))
}
