import { diff, localItems, sha1, withoutUndefined, type AdcConfig, type AdcEvent, type Item, type Json } from './adc-model.ts'
import { consumerItem, credentialItem, named, nameless, owner, routeItem, serviceItem, sslItem, streamItem, toApi7, toApisix, upstreamItem } from './adc-words.ts'

// How ADC's three backends read and write. As observed of ADC 0.28; https://github.com/api7/adc

export type Backend = 'apisix' | 'api7ee' | 'apisix-standalone'

export class AdcError extends Error {}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Json
}

const admin = '/apisix/admin'
const paths = { service: 'services', route: 'routes', stream_route: 'stream_routes', upstream: 'upstreams', consumer: 'consumers', ssl: 'ssls', global_rule: 'global_rules', plugin_metadata: 'plugin_metadata' } as const

/** `adc --backend …`. */
export class AdcClient {
  /** Every request that was sent, `METHOD path`. */
  readonly sent: string[] = []
  readonly #backend: Backend
  readonly #server: string
  readonly #token: string
  readonly #group: string
  #groupId: string | undefined
  /** Of the standalone backend: what was read last. */
  #config: Json = {}

  constructor({ backend, server, token, group = 'default' }: { backend: Backend; server: string; token: string; group?: string }) {
    this.#backend = backend
    this.#server = server
    this.#token = token
    this.#group = group
  }

  /** `adc ping`. */
  async ping(): Promise<void> {
    await this.#call('GET', this.#backend === 'api7ee' ? '/api/gateway_groups' : `${admin}/routes`)
  }

  /** `adc validate`: the errors, none where it is fine. */
  async validate(config: AdcConfig): Promise<readonly Json[]> {
    if (this.#backend === 'api7ee') await this.#findGroup()
    const body: Record<string, unknown[]> = { routes: [], services: [], consumers: [], ssls: [], global_rules: [], stream_routes: [], plugin_metadata: [], ...(this.#backend !== 'api7ee' && { upstreams: [] }) }
    for (const item of localItems(config)) {
      if (item.type === 'credential') continue
      if (item.type === 'upstream' && this.#backend === 'api7ee') continue
      body[paths[item.type]]?.push(this.#validated(item))
      if (item.type === 'service' && this.#backend !== 'api7ee' && item.value['upstream'] !== undefined) body['upstreams']?.push({ ...named(item.value['upstream'] as Json), id: item.id, name: item.value['name'] })
    }
    const { status, body: told } = await this.#send('POST', `${admin}/configs/validate`, body)
    if (status === 200) return []
    if (status === 400) return told['errors'] as Json[]
    throw new AdcError(`validate: ${status}`)
  }

  /** `adc diff`: what a sync would do, `action type id`. */
  async diff(config: AdcConfig): Promise<readonly string[]> {
    return diff(localItems(config), await this.dump()).flat().map(({ action, type, id }) => `${action} ${type} ${id}`)
  }

  /** `adc sync`: what was done. */
  async sync(config: AdcConfig): Promise<readonly string[]> {
    const groups = diff(localItems(config), await this.dump())
    const events = groups.flat()
    if (this.#backend === 'apisix-standalone') await this.#writeWhole(events)
    else for (const group of groups) await inTens(group, (event) => this.#write(event, events))
    return events.map(({ action, type, id }) => `${action} ${type} ${id}`)
  }

  /** `adc dump`. */
  async dump(): Promise<readonly Item[]> {
    switch (this.#backend) {
      case 'apisix':
        return this.#readApisix()
      case 'api7ee':
        return this.#readApi7()
      case 'apisix-standalone':
        return this.#readWhole()
    }
  }

  async #readApisix(): Promise<Item[]> {
    const version = /APISIX\/(.*)/.exec((await this.#call('GET', `${admin}/routes`)).headers.get('server') ?? '')
    if (version) throw new AdcError(`takes the server for APISIX ${version[1]}, and leaves out what that has not`)
    const names = ['services', 'routes', 'upstreams', 'ssls', 'consumers', 'plugin_configs', 'global_rules', 'plugin_metadata'] as const
    const lists = await Promise.all(names.map(async (name) => (await this.#call('GET', `${admin}/${name}`)).body['list'] as { key: string; value: Json }[]))
    const of = (name: (typeof names)[number]): Json[] => (lists[names.indexOf(name)] ?? []).map(({ value }) => value)
    const streams = await this.#send('GET', `${admin}/stream_routes`)
    const streamRoutes = streams.status >= 400 ? [] : (streams.body['list'] as { value: Json }[]).map(({ value }) => value)
    const upstreams = new Map(of('upstreams').map((one) => [one['id'], one]))
    const items: Item[] = []
    const services = new Set<unknown>()
    for (const one of of('services')) {
      services.add(one['id'])
      const own = (one['upstream_id'] === undefined ? one['upstream'] : upstreams.get(one['upstream_id'])) as Json | undefined
      items.push(serviceItem(one, own && nameless(own)))
    }
    for (const one of upstreams.values()) {
      const parent = (one['labels'] as Json | undefined)?.[owner]
      if (typeof parent === 'string') items.push(upstreamItem(one, parent))
    }
    for (const one of [...of('routes'), ...streamRoutes]) {
      if (!services.has(one['service_id'])) continue // never read, and so never deleted
      items.push('uri' in one || 'uris' in one ? routeItem(one, one['uri'] === undefined ? one['uris'] : [one['uri']]) : streamItem(one))
    }
    for (const one of of('consumers')) {
      items.push(consumerItem(one))
      const { status, body } = await this.#send('GET', `${admin}/consumers/${String(one['username'])}/credentials`)
      if (status !== 404) items.push(...(body['list'] as { value: Json }[]).map(({ value }) => credentialItem(value, String(value['id']), String(one['username']))))
    }
    items.push(...of('ssls').map(sslItem), ...of('global_rules').flatMap((one) => Object.entries(one['plugins'] as Json)).map(([id, value]): Item => ({ type: 'global_rule', id, value: value as Json })))
    for (const { key, value } of lists[names.indexOf('plugin_metadata')] ?? []) items.push({ type: 'plugin_metadata', id: key.split('/').at(-1) ?? '', value })
    return items
  }

  async #readApi7(): Promise<Item[]> {
    await this.#findGroup()
    if (Object.keys((await this.#call('GET', '/api/schema/core')).body['value'] as Json).length > 0) throw new AdcError('would merge defaults in')
    const list = async (path: string): Promise<Json[]> => (await this.#call('GET', `${admin}/${path}`)).body['list'] as Json[]
    const items: Item[] = []
    for (const one of await list('services')) {
      const id = String(one['id'])
      items.push(serviceItem(one, one['upstream'] as Json | undefined))
      items.push(...(await list(`services/${id}/upstreams`)).filter((upstream) => upstream['id'] !== id).map((upstream) => upstreamItem(upstream, id)))
      if (one['type'] === 'http') items.push(...(await list(`routes?service_id=${id}`)).map((route) => routeItem(route, route['paths'])))
      if (one['type'] === 'stream') items.push(...(await list(`stream_routes?service_id=${id}`)).map(streamItem))
    }
    for (const one of await list('consumers')) {
      items.push(consumerItem(one), ...(await list(`consumers/${String(one['username'])}/credentials`)).map((credential) => credentialItem(credential, String(credential['id']), String(one['username']))))
    }
    items.push(...(await list('ssls')).map(sslItem), ...(await list('global_rules')).flatMap((one) => Object.entries(one['plugins'] as Json)).map(([id, value]): Item => ({ type: 'global_rule', id, value: value as Json })))
    const metadata = (await this.#call('GET', `${admin}/plugin_metadata`)).body['value'] as Readonly<Record<string, Json>>
    return [...items, ...Object.entries(metadata).map(([id, value]): Item => ({ type: 'plugin_metadata', id, value }))]
  }

  /** Reads strictly: a member that it does not know, or misses, fails the command. */
  async #readWhole(): Promise<Item[]> {
    const version = await fetch(`${this.#server}/apisix/admin`, { method: 'HEAD' })
    if (version.status !== 200) throw new AdcError('HEAD /apisix/admin')
    await this.#call('HEAD', `${admin}/configs`)
    const { 'X-Digest': _digest, 'X-Last-Modified': _modified, ...config } = (await this.#call('GET', `${admin}/configs`)).body
    checkWhole(config)
    this.#config = config
    const list = (name: string): Json[] => (config[name] ?? []) as Json[]
    const credential = /^(.+)\/credentials\/(.+)$/
    return [
      ...list('services').map((one) => serviceItem(one, nameless((list('upstreams').find(({ id }) => id === one['upstream_id']) ?? one['upstream']) as Json))),
      ...list('upstreams').flatMap((one) => ((one['labels'] as Json | undefined)?.[owner] === undefined ? [] : [upstreamItem(one, String((one['labels'] as Json)[owner]))])),
      ...list('routes').map((one) => routeItem(one, one['uris'])),
      ...list('stream_routes').map(streamItem),
      ...list('consumers').map((one) => {
        const [, username, id] = credential.exec(String(one['id'])) ?? []
        return username === undefined ? consumerItem(one) : credentialItem(one, String(id), username)
      }),
      ...list('ssls').map(sslItem),
      ...list('global_rules').flatMap((one) => Object.entries(one['plugins'] as Json)).map(([id, value]): Item => ({ type: 'global_rule', id, value: value as Json })),
      ...list('plugin_metadata').map(({ id, modifiedIndex: _index, ...value }): Item => ({ type: 'plugin_metadata', id: String(id), value })),
    ]
  }

  async #write(event: AdcEvent, all: readonly AdcEvent[]): Promise<void> {
    const { type, id, parent, action, value } = event
    if (this.#backend === 'api7ee') {
      if (action === 'delete' && all.some((one) => one.action === 'delete' && one.id === parent && one.type !== type)) return
      const path = type === 'upstream' ? `services/${parent}/upstreams/${id}` : pathOf(event)
      return this.#put(`${admin}/${path}`, action, () => toApi7(event))
    }
    if (type !== 'service') return this.#put(`${admin}/${pathOf(event)}`, action, () => toApisix(event))
    // A service is always split: its upstream has the same id.
    const upstream = (): Promise<void> => this.#put(`${admin}/upstreams/${id}`, action, () => value['upstream'] && { ...named(value['upstream'] as Json), id, name: value['name'] })
    const service = (): Promise<void> => this.#put(`${admin}/services/${id}`, action, () => toApisix(event))
    if (action === 'delete') {
      await service()
      return upstream()
    }
    if (event.isUpstreamChanged) await upstream()
    if (event.isRestChanged) await service()
  }

  async #put(path: string, action: AdcEvent['action'], body: () => unknown): Promise<void> {
    const isDelete = action === 'delete'
    for (let left = 3; ; left--) {
      try {
        await this.#call(isDelete ? 'DELETE' : 'PUT', path, isDelete ? undefined : body())
        return
      } catch (error) {
        if (left === 0) throw error
      }
    }
  }

  async #writeWhole(events: readonly AdcEvent[]): Promise<void> {
    if (events.length === 0) return
    const at = Date.now()
    const config = structuredClone(this.#config)
    const touch = (name: string, id: string, value: Json | undefined): void => {
      const key = name === 'consumers' && !id.includes('/') ? 'username' : 'id'
      const list = ((config[name] ?? []) as Json[]).filter((one) => one[key] !== id)
      if (value) list.push({ ...(withoutUndefined(value) as Json), modifiedIndex: at })
      config[name] = list
      config[`${name}_conf_version`] = at
    }
    for (const event of events) {
      const { type, id, parent, action, value } = event
      const isDelete = action === 'delete'
      const name = type === 'credential' ? 'consumers' : paths[type]
      const key = type === 'credential' ? `${parent}/credentials/${id}` : id
      touch(name, key, isDelete ? undefined : { ...toApisix(event), ...(type === 'consumer' ? {} : { id: key }) })
      if (type === 'service') touch('upstreams', id, isDelete ? undefined : { ...named(value['upstream'] as Json), id, name: value['name'] })
    }
    const body = JSON.stringify(config)
    const { status, body: told } = await this.#send('PUT', `${admin}/configs`, body, { 'x-digest': sha1(body) })
    if (status >= 300) throw new AdcError(String(told['error_msg'] ?? JSON.stringify(told)))
  }

  #validated(item: Item): Json {
    const whole = { ...item, action: 'create', isUpstreamChanged: true, isRestChanged: true } as const
    if (item.type === 'plugin_metadata' || (item.type === 'global_rule' && this.#backend !== 'api7ee')) return { id: item.id, ...toApisix(whole) }
    return this.#backend === 'api7ee' ? toApi7(whole) : toApisix(whole)
  }

  async #findGroup(): Promise<void> {
    if (this.#groupId !== undefined || this.#token.startsWith('a7adm-')) return
    await this.#call('GET', '/api/version')
    const { body } = await this.#call('GET', `/api/gateway_groups?search=${this.#group}&name=${this.#group}`)
    const [first] = body['list'] as Json[]
    if (!first) throw new AdcError(`gateway group ${this.#group} does not exist`)
    this.#groupId = String(first['id'])
  }

  /** Any status but 2xx is an error. */
  async #call(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.#send(method, path, body)
    if (answer.status >= 200 && answer.status < 300) return answer
    throw new AdcError(`${method} ${path}: ${String(answer.body['error_msg'] ?? JSON.stringify(answer.body))}`)
  }

  async #send(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const scope = this.#groupId !== undefined && path.startsWith(admin) ? `${path.includes('?') ? '&' : '?'}gateway_group_id=${this.#groupId}` : ''
    this.sent.push(`${method} ${path}`)
    const response = await fetch(`${this.#server}${path}${scope}`, {
      method,
      headers: { 'x-api-key': this.#token, 'content-type': 'application/json', accept: 'application/json, text/plain, */*', 'user-agent': 'axios/1.18.1', ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? {} : (JSON.parse(text) as Json) }
  }
}

async function inTens<T>(values: readonly T[], run: (value: T) => Promise<void>): Promise<void> {
  const waiting = [...values]
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await run(next)
  }
  await Promise.all(Array.from({ length: 10 }, worker))
}

function pathOf({ type, id, parent }: Item): string {
  return type === 'credential' ? `consumers/${parent}/credentials/${id}` : `${paths[type]}/${id}`
}

const itemFields: Readonly<Record<string, { readonly required: readonly string[]; readonly closed: boolean }>> = {
  routes: { required: ['id', 'name', 'uris', 'service_id', 'modifiedIndex'], closed: true },
  services: { required: ['id', 'name', 'modifiedIndex'], closed: true },
  upstreams: { required: ['id', 'name', 'nodes', 'modifiedIndex'], closed: true },
  consumers: { required: ['modifiedIndex'], closed: true },
  ssls: { required: ['id', 'cert', 'key', 'modifiedIndex'], closed: true },
  global_rules: { required: ['id', 'modifiedIndex'], closed: true },
  plugin_metadata: { required: ['id', 'modifiedIndex'], closed: false },
  stream_routes: { required: ['id', 'name', 'service_id', 'modifiedIndex'], closed: true },
}

function checkWhole(config: Json): void {
  for (const [name, value] of Object.entries(config)) {
    if (name.endsWith('_conf_version')) {
      if (!Number.isInteger(value)) throw new AdcError(`${name} is no integer`)
      continue
    }
    const fields = itemFields[name]
    if (!fields || !Array.isArray(value)) throw new AdcError(`unrecognized key ${name}`)
    for (const item of value as Json[]) {
      for (const field of fields.required) if (!(field in item)) throw new AdcError(`${name}: ${field} is required`)
      if (!Number.isInteger(item['modifiedIndex'])) throw new AdcError(`${name}: modifiedIndex is no integer`)
      const foreign = fields.closed ? ['create_time', 'update_time', 'createdIndex'].filter((field) => field in item) : []
      if (foreign.length > 0) throw new AdcError(`${name}: unrecognized keys ${foreign.join(', ')}`)
    }
  }
}
