import type { Predicate } from '@sluice/expr'
import type { Exchange, Issue, Prepared, RouteInfo } from '@sluice/kernel'
import { checkUri } from '@sluice/router'
import type { Entry } from './entry.ts'
import { isAddress, notAddress } from './is-address.ts'
import { isRecord } from './is-record.ts'
import { mergePlugins } from './merge-plugins.ts'
import { refer, type Reference } from './refer.ts'
import type { Timeout } from './upstream-schema.ts'
import type { PluginMap, UpstreamSource, Workbench } from './workbench.ts'

/** A service, prepared for the routes that refer to it. */
export interface Service {
  readonly name: string | undefined
  readonly plugins: PluginMap
  readonly upstream: UpstreamSource | undefined
  readonly hosts: readonly string[]
  readonly pathPrefix: string
  readonly labels: Labels | undefined
  /** As of a route. */
  readonly missing: string | undefined
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
  /** The `vars` as they are written. */
  readonly writtenVars: unknown
  /** What it refers to and that was taken away, such as `service [1]`: it answers that alone. */
  readonly missing?: string
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

/** What a service is made of beside its own text. */
export function partsOfService(raw: Entry['raw'], upstreams: Layers['upstreams']): readonly unknown[] {
  return [upstreams.get(String(raw['upstream_id']))]
}

/** What a route is made of beside its own text. */
export function partsOfRoute(raw: Entry['raw'], { upstreams, services, pluginConfigs }: Layers): readonly unknown[] {
  return [upstreams.get(String(raw['upstream_id'])), services.get(String(raw['service_id'])), pluginConfigs.get(String(raw['plugin_config_id']))]
}

/** Prepares a service’s plugins and upstream. Without `upstreams` what it refers to is not looked at. */
export function readService(entry: Entry, upstreams: Layers['upstreams'] | undefined, bench: Workbench): Service {
  const { id, path, raw } = entry
  const owner = { kind: 'service', id } as const
  const upstream = upstreamOf(entry, 'service', upstreams, bench)
  const pathPrefix = typeof raw['path_prefix'] === 'string' ? raw['path_prefix'].replace(/\/$/, '') : ''
  if (raw['strip_path_prefix'] === true && pathPrefix !== '') bench.problem([...path, 'strip_path_prefix'], 'is not supported yet beside a path_prefix')
  return {
    name: nameOf(raw),
    plugins: bench.plugins(raw['plugins'], owner, [...path, 'plugins']),
    upstream: upstream.found,
    hosts: textsOf(raw['hosts']),
    pathPrefix,
    labels: labelsOf(raw),
    missing: upstream.missing,
  }
}

/**
 * Checks what the schema cannot say of a route, and merges it with what it refers to: route, plugin config, service.
 * Without `layers` what it refers to is not looked at.
 */
export function resolveRoute(entry: Entry, layers: Layers | undefined, bench: Workbench): ResolvedRoute {
  const { id, path, raw, checked } = entry
  checkShape(raw, path, bench)
  const { found: service, id: serviceId, missing: noService } = refer(entry, 'service_id', 'services', layers?.services, bench)
  const { found: shared, missing: noConfig } = refer(entry, 'plugin_config_id', 'plugin_configs', layers?.pluginConfigs, bench)
  const own = bench.plugins(raw['plugins'], { kind: 'route', id }, [...path, 'plugins'])
  const { found: upstream = service?.upstream, missing: noUpstream } = upstreamOf(entry, 'route', layers?.upstreams, bench)
  const answer = upstream?.(timeoutOf(checked))
  const plugins = mergePlugins([own, shared, service?.plugins])
  const hosts = textsOf(raw['host'] ?? raw['hosts'])
  const name = nameOf(raw) ?? service?.name
  const missing = noService ?? noConfig ?? noUpstream ?? service?.missing
  return {
    info: {
      id,
      ...(name !== undefined && { name }),
      ...(serviceId !== undefined && { serviceId }),
      ...(service?.name !== undefined && { serviceName: service.name }),
    },
    path,
    writtenVars: raw['vars'],
    ...(missing !== undefined && { missing }),
    isServed: raw['status'] !== 0,
    uris: textsOf(raw['uri'] ?? raw['uris'] ?? raw['paths']).map((uri) => `${service?.pathPrefix ?? ''}${uri}`),
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
  const paths = ['uri', 'uris', 'paths'].filter((field) => field in raw)
  if (paths.length === 0) bench.problem(path, 'needs one of uri or uris')
  if ('paths' in raw && paths.length > 1) bench.problem(path, `only one of ${paths.join(' and ')} is allowed`)
  if (!servers.some((field) => field in raw)) bench.problem(path, `needs at least one of ${servers.join(', ')}`)
  for (const [text, at] of [...placed(raw, 'uri', 'uris', path), ...placed(raw, '', 'paths', path)]) {
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

function upstreamOf(
  entry: Entry,
  kind: 'route' | 'service',
  upstreams: Layers['upstreams'] | undefined,
  bench: Workbench,
): Reference<UpstreamSource> {
  const { id, path, raw } = entry
  if ('upstream' in raw && 'upstream_id' in raw) bench.problem(path, 'only one of upstream or upstream_id is allowed')
  const shared = refer(entry, 'upstream_id', 'upstreams', upstreams, bench)
  if (shared.id !== undefined || !isRecord(raw['upstream'])) return shared
  return { found: bench.upstream(raw['upstream'], { kind, id }, [...path, 'upstream']) }
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
