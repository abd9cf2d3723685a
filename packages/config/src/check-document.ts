import type { Issue, Kernel, Prepared, PreparedConsumer } from '@sluice/kernel'
import { checkSharing } from './check-sharing.ts'
import type { Document } from './document.ts'
import type { Entry } from './entry.ts'
import type { Env } from './env.ts'
import type { GatewaySettings } from './gateway-schema.ts'
import { isRecord } from './is-record.ts'
import { kinds, type Kind } from './kind.ts'
import { isSame, Memo, type Frame } from './memo.ts'
import { checkKeys, partsOfConsumer, readConsumer, readCredential, readGroup, withCredentials } from './resolve-consumer.ts'
import { partsOfRoute, partsOfService, readService, resolveRoute, type Layers, type ResolvedRoute } from './resolve-route.ts'
import { dataOnly, schemaOf } from './schema-of.ts'
import { checkSettings } from './settings.ts'
import { atOnce, inSlices, type Steps } from './steps.ts'
import { Workbench, type PluginMap } from './workbench.ts'

/** A whole configuration, checked: references resolved, layers merged, plugins prepared. Nothing of it runs yet. */
export interface Resolved {
  readonly gateway: GatewaySettings
  /** In the order in which they are written; those with `status: 0` too. */
  readonly routes: readonly ResolvedRoute[]
  /** The plugins of all global rules. */
  readonly globals: readonly Prepared[]
  /** Who may ask, each with what belongs to it. */
  readonly consumers: readonly PreparedConsumer[]
}

/** A configuration that is fit to serve, or what is wrong with it. */
export interface Checked {
  readonly resolved?: Resolved
  readonly issues: readonly Issue[]
  /** For the check of what comes after it; there where `resolved` is. */
  readonly memo?: Memo
}

export interface CheckOptions {
  readonly kernel: Kernel
  readonly env: Env
  /** Of the configuration before: what has not changed is not checked again. Of the same kernel and environment. */
  readonly memo?: Memo | undefined
  /** All that may be other than in the configuration of the memo; absent: anything may be. */
  readonly changed?: readonly (readonly [kind: Kind, id: string])[] | undefined
}

/**
 * Checks a configuration whole and finds every problem at once; paths are `[kind, id, ...field]`. Pure: runs no `setup`.
 * Plugins are prepared once for each place where they are written, so that routes that inherit one share it. Exchanges
 * go on meanwhile.
 */
export function checkDocument(document: Document, options: CheckOptions): Promise<Checked> {
  return inSlices(checkSteps(document, options))
}

/** The same, in steps. */
export function* checkSteps(document: Document, options: CheckOptions): Steps<Checked> {
  return checkFew(document, options) ?? (yield* checkAll(document, options))
}

/** Changes that are checked without a pause; more than that take some milliseconds, and exchanges are to go on meanwhile. */
const few = 100

/** Kinds that nothing is made of but what they are themselves, and routes. */
const leaves: ReadonlySet<Kind> = new Set(['routes', ...dataOnly])

/**
 * Checks what has changed alone, where that is routes and what is kept for tools: in a second that brings a thousand of
 * them nobody has the time to look at the five thousand that are there. Undefined: it takes more than that.
 */
function checkFew(document: Document, { kernel, env, memo, changed }: CheckOptions): Checked | undefined {
  const { frame } = memo ?? {}
  if (!memo || !frame || !changed || changed.length > few || !document.value) return undefined
  if (!changed.every(([kind]) => leaves.has(kind)) || !isSame(frame.tokens, tokensOf(document))) return undefined
  const bench = new Workbench(kernel, env, document.forced)
  const routes: ResolvedRoute[] = []
  for (const [kind, id] of changed) {
    const raw = document.value(kind, id)
    if (raw === undefined) memo.forget(kind, id)
    else if (kind !== 'routes') entryOf(kind as (typeof dataOnly)[number], id, raw, bench)
    else {
      const parts = isRecord(raw) ? partsOfRoute(raw, frame.layers) : []
      routes.push(memo.take(kind, id, raw, parts, () => resolveRoute(entryOf(kind, id, raw, bench), frame.layers, bench)))
    }
  }
  if (bench.issues.length > 0) {
    for (const [kind, id] of changed) memo.forget(kind, id)
    return { issues: bench.issues }
  }
  if (routes.some(({ plugins }) => plugins.some(({ plugin }) => plugin.sharedAs))) return undefined
  return { resolved: laterResolved(document, kernel, env, memo, frame), issues: [], memo }
}

/** The routes are gathered once they are to serve: of many changes in a row only the last is. */
function laterResolved(document: Document, kernel: Kernel, env: Env, memo: Memo, { settings, layers, rest }: Frame): Resolved {
  let routes: readonly ResolvedRoute[] | undefined
  return {
    ...rest,
    gateway: settings,
    get routes() {
      const bench = new Workbench(kernel, env, document.forced)
      const made = readEach(document, 'routes', memo, (entry) => resolveRoute(entry, layers, bench), bench, (raw) => partsOfRoute(raw, layers))
      return (routes ??= [...atOnce(made).values()])
    },
  }
}

/** Of everything but routes and what is kept for tools. */
function tokensOf(document: Document): readonly unknown[] {
  return [document.settings, document.forced, ...kinds.filter((kind) => !leaves.has(kind)).map((kind) => document.token?.(kind) ?? {})]
}

function* checkAll(document: Document, { kernel, env, memo: last }: CheckOptions): Steps<Checked> {
  const bench = new Workbench(kernel, env, document.forced)
  const { settings, issues } = checkSettings(document.settings, env)
  bench.issues.push(...issues)
  const metadata = [...document.entries('plugin_metadata')]
  for (const [name, raw] of metadata) checkMetadata(name, raw, bench)
  const memo = new Memo(metadata.flat(), last)

  const layers = yield* readLayers(document, bench, memo)
  const routes = yield* readEach(document, 'routes', memo, (entry) => resolveRoute(entry, layers, bench), bench, (raw) => partsOfRoute(raw, layers))
  const globals = yield* readGlobals(document, bench, memo)
  const consumers = yield* readConsumers(document, bench, memo)
  yield* checkSharing([globals, ...[...routes.values(), ...consumers].map(({ plugins }) => plugins)], bench)
  for (const kind of dataOnly) yield* readEach(document, kind, memo, ({ id }) => id, bench)
  if (bench.issues.length > 0 || !settings) return { issues: bench.issues }
  const rest = { globals, consumers }
  const frame = { tokens: tokensOf(document), layers, settings, rest }
  return { resolved: { ...rest, gateway: settings, routes: [...routes.values()] }, issues: [], memo: memo.finish(frame) }
}

/** Checks one resource alone: its fields, plugins and expressions. What it refers to is not looked at. */
export function checkEntry(kind: Kind, id: string, raw: unknown, { kernel, env }: Pick<CheckOptions, 'kernel' | 'env'>): readonly Issue[] {
  const bench = new Workbench(kernel, env)
  if (kind === 'plugin_metadata') checkMetadata(id, raw, bench)
  else {
    const entry = entryOf(kind, id, raw, bench)
    if (kind === 'routes') resolveRoute(entry, undefined, bench)
    else if (kind === 'services') readService(entry, undefined, bench)
    else if (kind === 'upstreams') bench.upstream(entry.raw, { kind: 'upstream', id }, entry.path)
    else if (kind === 'plugin_configs') readPlugins(entry, 'plugin_config', bench)
    else if (kind === 'global_rules') readPlugins(entry, 'global_rule', bench)
    else if (kind === 'consumers') readConsumer(entry, undefined, bench)
    else if (kind === 'credentials') readCredential(entry, bench)
    else if (kind === 'consumer_groups') readGroup(entry, bench)
  }
  return bench.issues
}

/** What `make` gives of each entry, by id, in their order. `partsOf`: what an entry is made of beside itself. */
function* readEach<T>(
  document: Document,
  kind: Exclude<Kind, 'plugin_metadata'>,
  memo: Memo,
  make: (entry: Entry) => T,
  bench: Workbench,
  partsOf: (raw: Entry['raw']) => readonly unknown[] = () => [],
): Steps<Map<string, T>> {
  const made = new Map<string, T>()
  for (const [id, raw] of document.entries(kind)) {
    const parts = isRecord(raw) ? partsOf(raw) : []
    made.set(id, memo.take(kind, id, raw, parts, () => make(entryOf(kind, id, raw, bench))))
    yield
  }
  return made
}

function entryOf(kind: Exclude<Kind, 'plugin_metadata'>, id: string, raw: unknown, bench: Workbench): Entry {
  const path = [kind, id]
  if (!isRecord(raw)) bench.problem(path, 'must be an object')
  const record = isRecord(raw) ? raw : {}
  // What has no id goes by a name that nobody can write.
  const shown = id.startsWith('\0') ? '' : id
  // An upstream is checked where its references are resolved.
  return { id: shown, path, raw: record, checked: kind === 'upstreams' ? record : bench.check(schemaOf[kind], record, path) }
}

function checkMetadata(name: string, raw: unknown, bench: Workbench): void {
  const path = ['plugin_metadata', name]
  if (!isRecord(raw)) return bench.problem(path, 'must be an object')
  const { id: _id, create_time: _created, update_time: _updated, ...metadata } = raw
  return bench.metadata(name, metadata, path)
}

function* readLayers(document: Document, bench: Workbench, memo: Memo): Steps<Layers> {
  const upstreams = yield* readEach(document, 'upstreams', memo, ({ id, path, raw }) => bench.upstream(raw, { kind: 'upstream', id }, path), bench)
  const services = yield* readEach(document, 'services', memo, (entry) => readService(entry, upstreams, bench), bench, (raw) => partsOfService(raw, upstreams))
  const pluginConfigs = yield* readEach(document, 'plugin_configs', memo, (entry) => readPlugins(entry, 'plugin_config', bench), bench)
  return { upstreams, services, pluginConfigs }
}

function* readGlobals(document: Document, bench: Workbench, memo: Memo): Steps<Prepared[]> {
  const globals = new Map<string, Prepared>()
  for (const rule of (yield* readEach(document, 'global_rules', memo, (entry) => readPlugins(entry, 'global_rule', bench), bench)).values()) {
    for (const [name, prepared] of rule) {
      const other = globals.get(name)
      if (other) bench.problem(prepared.path, `is in global rule [${other.owner.id}] already; a plugin can be in one`)
      globals.set(name, prepared)
    }
  }
  return [...globals.values()]
}

function* readConsumers(document: Document, bench: Workbench, memo: Memo): Steps<PreparedConsumer[]> {
  const groups = yield* readEach(document, 'consumer_groups', memo, (entry) => readGroup(entry, bench), bench)
  const consumers = yield* readEach(document, 'consumers', memo, (entry) => readConsumer(entry, groups, bench), bench, (raw) => partsOfConsumer(raw, groups))
  const credentials = yield* readEach(document, 'credentials', memo, (entry) => readCredential(entry, bench), bench)
  yield* checkKeys(consumers, credentials, memo, bench)
  return yield* withCredentials(consumers, credentials, bench)
}

function readPlugins({ id, path, raw }: Entry, kind: 'plugin_config' | 'global_rule', bench: Workbench): PluginMap {
  return bench.plugins(raw['plugins'], { kind, id }, [...path, 'plugins'])
}
