import type { Predicate } from '@sluice/expr'
import type { Exchange, Issue, Prepared, RouteInfo } from '@sluice/kernel'
import { checkUri } from '@sluice/router'
import type { Entry } from './collection.ts'
import { isAddress, notAddress } from './is-address.ts'
import { isRecord } from './is-record.ts'
import { mergePlugins } from './merge-plugins.ts'
import type { Timeout } from './upstream-schema.ts'
import type { PluginMap, UpstreamSource, Workbench } from './workbench.ts'

/** A service, prepared for the routes that refer to it. */
export interface Service {
  readonly name: string | undefined
  readonly plugins: PluginMap
  readonly upstream: UpstreamSource | undefined
  readonly hosts: readonly string[]
  readonly labels: Labels | undefined
}

type Labels = Readonly<Record<string, string>>

/** What routes build on, by id. */
export interface Layers {
  readonly upstreams: ReadonlyMap<string, UpstreamSource>
  readonly services: ReadonlyMap<string, Service>
  readonly pluginConfigs: ReadonlyMap<string, PluginMap>
}

/** A route with everything that it inherits. */
export interface ResolvedRoute {
  readonly info: RouteInfo
  readonly path: Issue['path']
  /** False: `status: 0`. */
  readonly isServed: boolean
  readonly uris: readonly string[]
  /** Its own, else its service’s; empty: any. */
  readonly hosts: readonly string[]
  /** Empty: any. */
  readonly methods: readonly string[]
  readonly remoteAddrs: readonly string[]
  readonly priority: number
  readonly vars: Predicate<Exchange> | undefined
  readonly labels: Labels
  /** One of each name, the ordinary upstream among them, in no order; a disabled one hides those that it stands before. */
  readonly plugins: readonly Prepared[]
}

/** Prepares a service’s plugins and upstream. */
export function readService(entry: Entry, upstreams: Layers['upstreams'], bench: Workbench): Service {
  const { id, path, raw } = entry
  const owner = { kind: 'service', id } as const
  return {
    name: nameOf(raw),
    plugins: bench.plugins(raw['plugins'], owner, [...path, 'plugins']),
    upstream: upstreamOf(entry, 'service', upstreams, bench),
    hosts: textsOf(raw['hosts']),
    labels: labelsOf(raw),
  }
}

/** Checks what the schema cannot say of a route, and merges it with what it refers to: route, plugin config, service. */
export function resolveRoute(entry: Entry, layers: Layers, bench: Workbench): ResolvedRoute {
  const { id, path, raw, checked } = entry
  checkShape(raw, path, bench)
  const serviceId = refer(entry, 'service_id', 'service', layers.services, bench)
  const configId = refer(entry, 'plugin_config_id', 'plugin config', layers.pluginConfigs, bench)
  const service = serviceId === undefined ? undefined : layers.services.get(serviceId)
  const own = bench.plugins(raw['plugins'], { kind: 'route', id }, [...path, 'plugins'])
  const shared = configId === undefined ? undefined : layers.pluginConfigs.get(configId)

  const upstream = upstreamOf(entry, 'route', layers.upstreams, bench) ?? service?.upstream
  const answer = upstream?.(timeoutOf(checked))
  const plugins = mergePlugins([own, shared, service?.plugins])
  const hosts = textsOf(raw['host'] ?? raw['hosts'])
  const name = nameOf(raw) ?? service?.name
  return {
    info: {
      id,
      ...(name !== undefined && { name }),
      ...(serviceId !== undefined && { serviceId }),
      ...(service?.name !== undefined && { serviceName: service.name }),
    },
    path,
    isServed: raw['status'] !== 0,
    uris: textsOf(raw['uri'] ?? raw['uris']),
    hosts: hosts.length > 0 ? hosts : (service?.hosts ?? []),
    methods: textsOf(raw['methods']),
    remoteAddrs: textsOf(raw['remote_addr'] ?? raw['remote_addrs']),
    priority: typeof raw['priority'] === 'number' ? raw['priority'] : 0,
    vars: Array.isArray(raw['vars']) ? bench.rule(raw['vars'], [...path, 'vars']) : undefined,
    labels: labelsOf(raw) ?? service?.labels ?? {},
    plugins: answer ? [...plugins, answer] : plugins,
  }
}

function checkShape(raw: Entry['raw'], path: Issue['path'], bench: Workbench): void {
  for (const [one, many] of [
    ['uri', 'uris'],
    ['host', 'hosts'],
    ['remote_addr', 'remote_addrs'],
  ] as const) {
    if (one in raw && many in raw) bench.problem(path, `only one of ${one} or ${many} is allowed`)
  }
  if (!('uri' in raw) && !('uris' in raw)) bench.problem(path, 'needs one of uri or uris')
  if (!servers.some((field) => field in raw)) bench.problem(path, `needs at least one of ${servers.join(', ')}`)
  for (const [text, at] of placed(raw, 'uri', 'uris', path)) {
    const problem = checkUri(text)
    if (problem !== undefined) bench.problem(at, problem)
  }
  for (const [text, at] of placed(raw, 'remote_addr', 'remote_addrs', path)) {
    if (!isAddress(text)) bench.problem(at, notAddress)
  }
}

const servers = ['plugins', 'upstream', 'upstream_id', 'service_id', 'plugin_config_id']

/** The texts of a field in either spelling, each with its path. */
function placed(raw: Entry['raw'], one: string, many: string, path: Issue['path']): [string, Issue['path']][] {
  const list = Array.isArray(raw[many]) ? (raw[many] as unknown[]) : []
  const all: [unknown, Issue['path']][] = list.map((value, index) => [value, [...path, many, index]])
  all.unshift([raw[one], [...path, one]])
  // An empty one is the schema's to report.
  return all.filter((pair): pair is [string, Issue['path']] => typeof pair[0] === 'string' && pair[0] !== '')
}

/** The id under `field`, where it leads somewhere. */
function refer(
  { raw, path }: Entry,
  field: string,
  what: string,
  known: ReadonlyMap<string, unknown>,
  bench: Workbench,
): string | undefined {
  const written = raw[field]
  if (typeof written !== 'string' && typeof written !== 'number') return undefined
  const id = String(written)
  if (known.has(id)) return id
  bench.problem([...path, field], `refers to ${what} [${id}], which does not exist`)
  return undefined
}

function upstreamOf(
  entry: Entry,
  kind: 'route' | 'service',
  upstreams: Layers['upstreams'],
  bench: Workbench,
): UpstreamSource | undefined {
  const { id, path, raw } = entry
  if ('upstream' in raw && 'upstream_id' in raw) bench.problem(path, 'only one of upstream or upstream_id is allowed')
  const shared = refer(entry, 'upstream_id', 'upstream', upstreams, bench)
  if (shared !== undefined) return upstreams.get(shared)
  if (!isRecord(raw['upstream'])) return undefined
  return bench.upstream(raw['upstream'], { kind, id }, [...path, 'upstream'])
}

function timeoutOf({ timeout }: Entry['checked']): Timeout | undefined {
  if (!isRecord(timeout)) return undefined
  const { connect, send, read } = timeout
  const isWhole = typeof connect === 'number' && typeof send === 'number' && typeof read === 'number'
  return isWhole ? { connect, send, read } : undefined
}

function nameOf({ name }: Entry['raw']): string | undefined {
  return typeof name === 'string' ? name : undefined
}

function textsOf(value: unknown): readonly string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  return list.filter((item) => typeof item === 'string')
}

function labelsOf({ labels }: Entry['raw']): Labels | undefined {
  return isRecord(labels) ? (labels as Labels) : undefined
}
