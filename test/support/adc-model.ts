import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'

// What ADC, API7's declarative command line, makes of a file, and how it compares. As observed of ADC 0.28; https://github.com/api7/adc

export type Json = Record<string, unknown>

export interface AdcService extends Json {
  readonly name: string
  readonly upstream?: Json
  readonly upstreams?: readonly (Json & { readonly name: string })[]
  readonly routes?: readonly (Json & { readonly name: string })[]
  readonly stream_routes?: readonly (Json & { readonly name: string })[]
}

export interface AdcConsumer extends Json {
  readonly username: string
  readonly credentials?: readonly { readonly name: string; readonly type: string; readonly config: Json }[]
}

/** A file. */
export interface AdcConfig {
  readonly services?: readonly AdcService[]
  readonly consumers?: readonly AdcConsumer[]
  readonly ssls?: readonly { readonly snis: readonly string[]; readonly certificates: readonly { readonly certificate: string; readonly key: string }[] }[]
  readonly global_rules?: Readonly<Record<string, Json>>
  readonly plugin_metadata?: Readonly<Record<string, Json>>
}

export const types = ['service', 'route', 'stream_route', 'upstream', 'consumer', 'credential', 'ssl', 'global_rule', 'plugin_metadata'] as const
export type AdcType = (typeof types)[number]

/** One resource by itself, those in it taken out; `value` in ADC's own words. */
export interface Item {
  readonly type: AdcType
  readonly id: string
  /** Of the service or consumer that it stands in. */
  readonly parent?: string
  readonly value: Json
}

export interface AdcEvent extends Item {
  readonly action: 'create' | 'update' | 'delete'
  /** Of the service's upstream, and of the rest of it. */
  readonly isUpstreamChanged: boolean
  readonly isRestChanged: boolean
}

export const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex')

/** Defaults are filled in before anything is sent, and everything is marked as managed. */
export function localItems({ services = [], consumers = [], ssls = [], global_rules = {}, plugin_metadata = {} }: AdcConfig): Item[] {
  const items: Item[] = []
  for (const { routes = [], stream_routes = [], upstreams = [], ...service } of services) {
    const { name } = service
    const parent = sha1(name)
    const own = service.upstream === undefined ? {} : { upstream: withDefaults(service.upstream) }
    items.push({ type: 'service', id: parent, value: marked({ ...service, ...own }) })
    for (const one of routes) items.push({ type: 'route', id: sha1(`${name}.${one.name}`), parent, value: marked(one) })
    for (const one of stream_routes) items.push({ type: 'stream_route', id: sha1(`${name}.${one.name}`), parent, value: marked(one) })
    for (const one of upstreams) items.push({ type: 'upstream', id: sha1(`${name}.${one.name}`), parent, value: withDefaults(one) })
  }
  for (const { credentials = [], ...consumer } of consumers) {
    items.push({ type: 'consumer', id: consumer.username, value: marked(consumer) })
    for (const one of credentials) items.push({ type: 'credential', id: sha1(`${consumer.username}.${one.name}`), parent: consumer.username, value: { ...one } })
  }
  for (const ssl of ssls) items.push({ type: 'ssl', id: sha1(ssl.snis.join(',')), value: marked({ ...ssl }) })
  for (const [id, value] of Object.entries(global_rules)) items.push({ type: 'global_rule', id, value })
  for (const [id, value] of Object.entries(plugin_metadata)) items.push({ type: 'plugin_metadata', id, value })
  return items
}

function marked(value: Json): Json {
  return { ...value, labels: { ...(value['labels'] as Json | undefined), 'managed-by': 'adc' } }
}

function withDefaults(upstream: Json): Json {
  const nodes = upstream['nodes'] as readonly Json[] | undefined
  return { type: 'roundrobin', scheme: 'http', pass_host: 'pass', ...upstream, ...(nodes && { nodes: nodes.map((node) => ({ priority: 0, ...node })) }) }
}

const order = [
  ...['route', 'stream_route', 'service', 'upstream', 'consumer', 'ssl'].map((type) => `delete.${type}`),
  'create.ssl',
  'update.ssl',
  ...['route', 'stream_route', 'service', 'upstream', 'consumer'].map((type) => `update.${type}`),
  ...['service', 'route', 'stream_route', 'consumer', 'upstream'].map((type) => `create.${type}`),
  ...['global_rule', 'plugin_metadata', 'credential'].flatMap((type) => ['delete', 'create', 'update'].map((action) => `${action}.${type}`)),
]

/** What is to be done, in groups that run one after another. Resources belong together by id alone. */
export function diff(local: readonly Item[], remote: readonly Item[]): AdcEvent[][] {
  const key = ({ type, id }: Item): string => `${type}.${id}`
  const there = new Map(remote.map((item) => [key(item), item]))
  const here = new Set(local.map(key))
  const events: AdcEvent[] = remote.filter((item) => !here.has(key(item))).map((item) => ({ ...item, action: 'delete', isUpstreamChanged: true, isRestChanged: true }))
  for (const item of local) {
    const before = there.get(key(item))
    if (!before) {
      events.push({ ...item, action: 'create', isUpstreamChanged: true, isRestChanged: true })
      continue
    }
    const [old, now] = [comparable(before), comparable(item)]
    const isUpstreamChanged = !isDeepStrictEqual(old['upstream'], now['upstream'])
    const isRestChanged = !isDeepStrictEqual({ ...old, upstream: 0 }, { ...now, upstream: 0 })
    if (isUpstreamChanged || isRestChanged) events.push({ ...item, action: 'update', isUpstreamChanged, isRestChanged })
  }
  const groups = Map.groupBy(events, ({ action, type }) => order.indexOf(`${action}.${type}`))
  return [...groups].toSorted(([a], [b]) => a - b).map(([, group]) => group)
}

/** Private keys are not compared, and no plugins are as good as none. */
function comparable({ type, value }: Item): Json {
  const { id: _id, metadata: _metadata, plugins, certificates, ...rest } = withoutUndefined(value) as Json
  const kept = Object.keys((plugins ?? {}) as Json).length > 0 ? { plugins } : {}
  if (type !== 'ssl') return { ...rest, ...kept }
  return { ...rest, certificates: (certificates as readonly Json[]).map(({ certificate }) => certificate) }
}

export function withoutUndefined(value: unknown): unknown {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as unknown)
}
