import type { TSchema } from '@sinclair/typebox'
import type { Variables } from '@sluice/expr'
import { EventEmitter } from 'eventemitter3'
import { ChainBuilder } from './chain-builder.ts'
import type { Chain, ChainHost, FormatError } from './chain.ts'
import { systemClock } from './clock.ts'
import { MemoryCounters, type Counters } from './counters.ts'
import { digestOf, type PreparedCredential } from './consumers.ts'
import { ConfigError, messageOf, PluginError, type HttpError, type Issue } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { formatError as plainError } from './format-error.ts'
import { identityOf, Instances, placeOf } from './instances.ts'
import type { Logger } from './logger.ts'
import { readMeta, type Meta } from './meta.ts'
import { nearestOf } from './nearest-of.ts'
import type { Owner, Plugin } from './plugin.ts'
import { check, schemaProblem } from './schema.ts'
import { variablesOf } from './variables.ts'

/** What lives outside an exchange. */
export interface KernelEvents {
  /** A hook failed, or refused. */
  'plugin:error': [error: HttpError | PluginError, ctx: Exchange]
  /** Another configuration serves from now on. */
  snapshot: [summary: { routes: number }]
  /** A configuration was refused; the one before it goes on serving. */
  'snapshot:rejected': [issues: readonly Issue[]]
  /** The gateway takes no new exchanges. */
  drain: []
}

export interface KernelOptions {
  plugins: readonly Plugin[]
  log: Logger
  /** Shapes thrown errors in the client's dialect; by default `{"error_msg", "message"}`. */
  formatError?: FormatError
  /** Names of plugins that users of this family know and that do not exist here yet. */
  unsupported?: readonly string[]
  /** Where plugins count what must be counted once; by default in this process. */
  counters?: Counters
}

/** A plugin's configuration, checked and completed; the same object for everyone who inherits it. */
export interface Prepared {
  readonly plugin: Plugin
  readonly config: unknown
  readonly metadata: unknown
  readonly meta: Meta
  readonly owner: Owner
  /** Of its instance. */
  readonly identity: string
  /** That, and its `_meta`: what a chain is made of. */
  readonly place: string
  /** Where it is written. */
  readonly path: Issue['path']
}

export interface Preparation {
  readonly name: string
  /** As written, `_meta` included. */
  readonly config: unknown
  readonly owner: Owner
  readonly path: Issue['path']
  /** The plugin's `plugin_metadata`, as written. */
  readonly metadata?: unknown
}

/** A credential as it is written: in a resource of its own, where it has an id, or on a consumer. */
export type CredentialPreparation = Omit<Preparation, 'owner' | 'metadata'> & { readonly id?: string }

/** Knows plugins: checks their configurations and turns lists of them into chains. */
export class Kernel extends EventEmitter<KernelEvents> {
  readonly plugins: ReadonlyMap<string, Plugin>
  /** Variables of expressions, templates and the access log, those of the plugins included. */
  readonly variables: Variables<Exchange>
  readonly log: Logger
  readonly instances: Instances
  readonly #unsupported: ReadonlySet<string>
  readonly #host: ChainHost
  readonly #counters: Counters
  readonly #chains = new Map<string, Chain>()

  /** Throws a `ConfigError` when two plugins share a name or a schema does not compile. */
  constructor({ plugins, log, formatError = plainError, unsupported = [], counters = new MemoryCounters(systemClock) }: KernelOptions) {
    super()
    this.plugins = byName(plugins)
    this.variables = variablesOf(plugins)
    this.log = log
    this.instances = new Instances(log)
    this.#unsupported = new Set(unsupported)
    this.#counters = counters
    this.#host = { formatError, report: (error, ctx) => this.#report(error, ctx) }
  }

  /** Checks one plugin configuration and completes it. Pure: runs no `setup`. */
  prepare({ name, config, owner, path, metadata }: Preparation): { prepared?: Prepared; issues: readonly Issue[] } {
    const plugin = this.plugins.get(name)
    if (!plugin) return { issues: [{ path, message: this.#unknown(name) }] }
    if (!isRecord(config)) return { issues: [{ path, message: 'must be an object' }] }
    const issues: Issue[] = []
    if (plugin.answers && owner.kind === 'global_rule') issues.push({ path, message: 'answers requests, which a global rule cannot do' })
    const { _meta, ...own } = config
    const meta = readMeta(_meta, [...path, '_meta'], this.variables, issues)
    const checked = meta.disable ? { value: own, issues: [] } : checkBy(plugin.schema, plugin.validate?.bind(plugin), own, path)
    issues.push(...checked.issues)
    if (issues.length > 0) return { issues }
    const complete = plugin.metadataSchema ? check(plugin.metadataSchema, metadata ?? {}).value : {}
    const identity = identityOf(plugin, owner, checked.value, complete)
    const place = placeOf(identity, _meta)
    return { prepared: { plugin, config: checked.value, metadata: complete, meta, owner, identity, place, path }, issues }
  }

  /** Whether what a consumer writes for that plugin is a credential, and not behaviour. */
  takesCredentials(name: string): boolean {
    return this.plugins.get(name)?.consumerSchema !== undefined
  }

  /** Checks a credential and completes it; one that is switched off is none. Pure. */
  prepareCredential({ name, config, path, id }: CredentialPreparation): { credential?: PreparedCredential; issues: readonly Issue[] } {
    const plugin = this.plugins.get(name)
    if (!plugin) return { issues: [{ path, message: this.#unknown(name) }] }
    const { consumerSchema } = plugin
    if (!consumerSchema || !plugin.credentialKey) return { issues: [{ path, message: `is no credential: ${name} does not authenticate` }] }
    if (!isRecord(config)) return { issues: [{ path, message: 'must be an object' }] }
    const issues: Issue[] = []
    const { _meta, ...own } = config
    const { disable } = readMeta(_meta, [...path, '_meta'], this.variables, issues)
    if (disable) return { issues }
    for (const member of ['priority', 'filter', 'error_response']) {
      if (isRecord(_meta) && member in _meta) issues.push({ path: [...path, '_meta', member], message: 'says nothing of a credential; write it where the plugin runs' })
    }
    const { value, issues: found } = checkBy(consumerSchema, plugin.validateConsumer?.bind(plugin), own, path)
    issues.push(...found)
    if (issues.length > 0) return { issues }
    const digest = digestOf(plugin.credentialKey(value))
    return { credential: { plugin: name, digest, config: value, path, ...(id !== undefined && { id }) }, issues }
  }

  /** Checks a plugin's `plugin_metadata`. */
  checkMetadata(name: string, metadata: unknown, path: Issue['path']): readonly Issue[] {
    const plugin = this.plugins.get(name)
    if (!plugin) return [{ path, message: this.#unknown(name) }]
    if (!plugin.metadataSchema) return [{ path, message: `plugin ${name} takes no metadata` }]
    return check(plugin.metadataSchema, metadata, path).issues
  }

  /** Begins the chains of one snapshot. */
  build(): ChainBuilder {
    return new ChainBuilder({ instances: this.instances, chains: this.#chains, host: this.#host, log: this.log, counters: this.#counters, variables: this.variables })
  }

  #unknown(name: string): string {
    if (this.#unsupported.has(name)) return 'is not supported yet'
    const nearest = nearestOf(name, [...this.plugins.keys(), ...this.#unsupported])
    return `unknown plugin [${name}]${nearest === undefined ? '' : `; did you mean ${nearest}?`}`
  }

  #tell(error: HttpError | PluginError, ctx: Exchange): void {
    try {
      this.emit('plugin:error', error, ctx)
    } catch (err) {
      this.log.error({ err }, 'a listener for plugin:error failed') // it looks on; the exchange is none of its business
    }
  }

  #report(error: HttpError | PluginError, ctx: Exchange): void {
    this.#tell(error, ctx)
    if (error instanceof PluginError) {
      ctx.log.error({ err: error.cause, plugin: error.plugin, phase: error.phase }, error.message)
      return
    }
    const code = codeForLog(error.code)
    if (error.status >= 500 && error.outcome === 'gateway_error') {
      // Thrown on purpose: where it was thrown says nothing, what it was thrown for does.
      ctx.log.error({ code, status: error.status, ...(error.cause !== undefined && { err: error.cause }) }, error.logMessage)
    } else if (error.status >= 500) {
      ctx.log.warn({ code, status: error.status, cause: messageOf(error.cause) }, error.logMessage)
    } else {
      ctx.log.info({ code, status: error.status }, error.logMessage)
    }
  }
}

/** An upstream's code may be any text, the client's own among it; a word is one that somebody can look for. */
function codeForLog(code: string): string {
  return /^[\w.:-]{1,64}$/.test(code) ? code : 'no word'
}

function byName(plugins: readonly Plugin[]): Map<string, Plugin> {
  const map = new Map<string, Plugin>()
  const issues: Issue[] = []
  for (const plugin of plugins) {
    const path = ['plugins', plugin.name]
    if (map.has(plugin.name)) issues.push({ path, message: 'another plugin has this name' })
    for (const schema of schemasOf(plugin)) {
      const problem = schemaProblem(schema)
      if (problem) issues.push({ path, message: `has a schema that does not compile: ${problem}` })
    }
    if (plugin.consumerSchema && !plugin.credentialKey) issues.push({ path, message: 'has a consumerSchema, and no credentialKey' })
    map.set(plugin.name, plugin)
  }
  if (issues.length > 0) throw new ConfigError(issues)
  return map
}

function schemasOf({ schema, metadataSchema, consumerSchema }: Plugin): TSchema[] {
  return [schema, metadataSchema, consumerSchema].filter((one): one is TSchema => one !== undefined)
}

function checkBy(schema: TSchema, validate: Plugin['validate'], config: unknown, path: Issue['path']): { value: unknown; issues: readonly Issue[] } {
  const checked = check(schema, config, path)
  if (checked.issues.length > 0 || !validate) return checked
  try {
    return { value: checked.value, issues: validate(checked.value, path) }
  } catch (error) {
    return { value: checked.value, issues: [{ path, message: `cannot be checked: ${messageOf(error)}` }] }
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
