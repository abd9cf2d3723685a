import { nearestOf, type Issue, type Kernel, type Prepared } from '@sluice/kernel'
import { readCollection, type Entry } from './collection.ts'
import type { Env } from './env.ts'
import type { GatewaySettings } from './gateway-schema.ts'
import { isRecord } from './is-record.ts'
import { readService, resolveRoute, type Layers, type ResolvedRoute } from './resolve-route.ts'
import { GlobalRuleSchema, PluginConfigSchema, RouteSchema, ServiceSchema } from './resource-schemas.ts'
import { checkSettings } from './settings.ts'
import { atOnce, inSlices, mapSteps, type Steps } from './steps.ts'
import { Workbench } from './workbench.ts'

/** A whole configuration, checked: references resolved, layers merged, plugins prepared. Nothing of it runs yet. */
export interface Resolved {
  readonly gateway: GatewaySettings
  /** In the order in which they are written; those with `status: 0` too. */
  readonly routes: readonly ResolvedRoute[]
  /** The plugins of all global rules. */
  readonly globals: readonly Prepared[]
}

/** A configuration that is fit to serve, or what is wrong with it. */
export interface Checked {
  readonly resolved?: Resolved
  readonly issues: readonly Issue[]
}

const members = [
  'version',
  'gateway',
  'routes',
  'services',
  'upstreams',
  'plugin_configs',
  'global_rules',
  'plugin_metadata',
]

/** Collections that users of this family know and that do not exist here yet. */
export const unsupportedCollections: readonly string[] = [
  'consumers',
  'consumer_groups',
  'credentials',
  'ssls',
  'secrets',
  'protos',
  'stream_routes',
]

/**
 * Checks a whole file, as `parseConfig` gives it, and finds every problem at once. Pure: runs no `setup`. The result is
 * there where there are no issues. Plugins are prepared once for each place where they are written, so that routes that
 * inherit one share it.
 */
export function checkResources(value: unknown, kernel: Kernel, env: Env): Checked {
  return atOnce(check(value, kernel, env))
}

/** The same in a process that serves: exchanges go on meanwhile. */
export function checkResourcesInSlices(value: unknown, kernel: Kernel, env: Env): Promise<Checked> {
  return inSlices(check(value, kernel, env))
}

function* check(value: unknown, kernel: Kernel, env: Env): Steps<Checked> {
  if (!isRecord(value)) return { issues: [{ path: [], message: 'must be an object' }] }
  const bench = new Workbench(kernel, env)
  checkTop(value, bench)
  const { settings, issues } = checkSettings(value, env)
  bench.issues.push(...issues)
  readMetadata(value['plugin_metadata'] ?? {}, bench)

  const layers = yield* readLayers(value, bench)
  const entries = yield* readCollection(value, 'routes', RouteSchema, bench)
  const routes = yield* mapSteps(entries.values(), (entry) => resolveRoute(entry, layers, bench))
  const globals = yield* readGlobals(value, bench)
  if (bench.issues.length > 0 || !settings) return { issues: bench.issues }
  return { resolved: { gateway: settings, routes, globals }, issues: [] }
}

function checkTop(value: Entry['raw'], bench: Workbench): void {
  for (const name of Object.keys(value)) {
    if (unsupportedCollections.includes(name)) bench.problem([name], 'is not supported yet')
    else if (!members.includes(name)) bench.problem([name], unknownField(name))
  }
  const { version = '1' } = value
  if (typeof version !== 'string' && typeof version !== 'number')
    bench.problem(['version'], 'must be a string or a number')
}

function unknownField(name: string): string {
  const nearest = nearestOf(name, [...members, ...unsupportedCollections])
  return `is not a known field${nearest === undefined ? '' : `; did you mean ${nearest}?`}`
}

/** A map by plugin name; or a list whose entries name the plugin as `id`. */
function readMetadata(raw: unknown, bench: Workbench): void {
  if (isRecord(raw)) {
    for (const [name, metadata] of Object.entries(raw)) bench.metadata(name, metadata, ['plugin_metadata', name])
    return
  }
  if (!Array.isArray(raw)) return bench.problem(['plugin_metadata'], 'must be a map by plugin name, or a list')
  const seen = new Set<string>()
  raw.forEach((entry: unknown, index) => {
    const path = ['plugin_metadata', index]
    if (!isRecord(entry)) return bench.problem(path, 'must be an object')
    const { id, create_time: _created, update_time: _updated, ...metadata } = entry
    if (typeof id !== 'string') return bench.problem([...path, 'id'], 'must be the name of a plugin')
    if (seen.has(id)) return bench.problem([...path, 'id'], `${id} has metadata already`)
    seen.add(id)
    return bench.metadata(id, metadata, path)
  })
}

function* readLayers(value: Entry['raw'], bench: Workbench): Steps<Layers> {
  const upstreams = yield* mapValues(yield* readCollection(value, 'upstreams', undefined, bench), ({ id, path, raw }) =>
    bench.upstream(raw, { kind: 'upstream', id }, path),
  )
  const services = yield* mapValues(yield* readCollection(value, 'services', ServiceSchema, bench), (entry) =>
    readService(entry, upstreams, bench),
  )
  const pluginConfigs = yield* mapValues(
    yield* readCollection(value, 'plugin_configs', PluginConfigSchema, bench),
    ({ id, path, raw }) => bench.plugins(raw['plugins'], { kind: 'plugin_config', id }, [...path, 'plugins']),
  )
  return { upstreams, services, pluginConfigs }
}

function* readGlobals(value: Entry['raw'], bench: Workbench): Steps<Prepared[]> {
  const globals = new Map<string, Prepared>()
  const rules = yield* readCollection(value, 'global_rules', GlobalRuleSchema, bench)
  for (const { id, path, raw } of rules.values()) {
    for (const [name, prepared] of bench.plugins(raw['plugins'], { kind: 'global_rule', id }, [...path, 'plugins'])) {
      const other = globals.get(name)
      if (other) bench.problem(prepared.path, `is in global rule [${other.owner.id}] already; a plugin can be in one`)
      globals.set(name, prepared)
    }
  }
  return [...globals.values()]
}

function* mapValues<T, U>(map: ReadonlyMap<string, T>, change: (value: T) => U): Steps<Map<string, U>> {
  return new Map(yield* mapSteps(map, ([key, value]) => [key, change(value)] as const))
}
