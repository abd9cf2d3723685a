import type { Static, TSchema } from '@sinclair/typebox'
import type { Variables } from '@sluice/expr'
import type { Counters } from './counters.ts'
import type { Exchange } from './exchange.ts'
import type { Issue } from './errors.ts'
import type { Logger } from './logger.ts'
import type { Reply } from './reply.ts'

export type Awaitable<T> = T | Promise<T>

/** Runs the rest of the proxy phase. May be called again: that is a retry. Rejects when something inside fails or refuses. */
export type Next = () => Promise<Reply>

/** What a plugin does for one configuration. A hook that is not there costs nothing; one that returns no promise costs none. */
export interface Hooks {
  /** Change the request. A reply returned here ends the exchange. */
  rewrite?(ctx: Exchange): Awaitable<Reply | void>
  /** Judge the request. Refuse with a reply or an `HttpError`. */
  access?(ctx: Exchange): Awaitable<Reply | void>
  /** Answer the request, or wrap whoever does. */
  proxy?(ctx: Exchange, next: Next): Awaitable<Reply>
  /** Look back, once the last byte has left or was given up. Cannot fail the exchange. */
  log?(ctx: Exchange): Awaitable<void>
  /** Release what `setup` took; called when the last exchange that uses this instance has ended. */
  dispose?(): Awaitable<void>
}

/** Names the resource that a plugin's configuration is written on. */
export interface Owner {
  readonly kind: 'route' | 'service' | 'upstream' | 'plugin_config' | 'consumer' | 'consumer_group' | 'global_rule'
  readonly id: string
}

/** What a plugin may use outside an exchange. */
export interface Host {
  readonly log: Logger
  readonly owner: Owner
  /** The plugin's `plugin_metadata`, defaults filled in; an empty object where none is written. */
  readonly metadata: unknown
  /** Counts of this instance alone, one for the whole gateway; a later instance of the same identity finds them again. */
  readonly counters: Counters
  /** Counts that all instances of this plugin share where they give the same name. */
  sharedCounters(name: string): Counters
  /** What expressions and templates find their variables with: those of every plugin. */
  readonly variables: Variables<Exchange>
}

/** Models that clients may ask for by name. */
export interface Offer {
  /** Who answers. */
  readonly by: string
  /** Empty where the configuration names none. */
  readonly models: readonly string[]
}

export interface Plugin {
  /** The key in a `plugins` map. */
  readonly name: string
  /** Higher runs first in `rewrite` and `access`, and is further out in `proxy`. `_meta.priority` overrides it. */
  readonly priority: number
  /** JSON Schema of the configuration. Its defaults are filled in before `validate` and `setup` see it. */
  readonly schema: TSchema
  /** JSON Schema of the plugin's `plugin_metadata`. */
  readonly metadataSchema?: TSchema
  /** JSON Schema of what a consumer or credential writes for an authenticating plugin. */
  readonly consumerSchema?: TSchema
  /** What `ctx.consumers.find` finds such a credential by; goes with `consumerSchema`. Pure. */
  credentialKey?(config: unknown): string
  /** What `consumerSchema` cannot say. Pure, as `validate` is. */
  validateConsumer?(config: unknown, path: Issue['path']): readonly Issue[]
  /** Its `proxy` hook answers requests rather than wrapping who does; answerers are innermost. */
  readonly answers?: boolean
  /** Its `rewrite` hook finds the consumer. */
  readonly authenticates?: boolean
  /** Its hooks judge who asks, and do nothing else: whoever wants to know what a caller may reach asks them, too. */
  readonly admits?: boolean
  /**
   * It keeps nothing that belongs to the place where it is configured: all places that give it the same configuration share one
   * instance, which `setup` makes once. `host.owner` and `host.counters` are not there then, and throw.
   */
  readonly sharesInstances?: boolean
  /** `whole`: the request body is read before its first hook. */
  readonly body?: 'none' | 'whole'
  /** Variables that it adds to expressions, templates and the access log; read while the exchange lives. */
  readonly variables?: Readonly<Record<string, (ctx: Exchange) => unknown>>
  /** The name of the counts that an instance takes from `sharedCounters`; those who give the same name must have the same configuration. Pure. */
  sharedAs?(config: unknown): string | undefined
  /** Of an answerer: the models that it offers with this configuration. Pure. */
  offers?(config: unknown): Offer
  /** What the schema cannot say. Pure: no I/O, no state; paths are below `path`. */
  validate?(config: unknown, path: Issue['path']): readonly Issue[]
  /** Called once for each place where the plugin is configured, or with `sharesInstances` for each configuration, when a snapshot is built. Do the slow work here. */
  setup(config: unknown, host: Host): Awaitable<Hooks>
}

/** A plugin as its author writes it: configurations get their types from the schemas. */
export interface PluginDefinition<S extends TSchema, C extends TSchema = TSchema>
  extends Omit<Plugin, 'schema' | 'setup' | 'validate' | 'sharedAs' | 'offers' | 'consumerSchema' | 'credentialKey' | 'validateConsumer'> {
  readonly schema: S
  readonly consumerSchema?: C
  sharedAs?(config: Static<S>): string | undefined
  offers?(config: Static<S>): Offer
  validate?(config: Static<S>, path: Issue['path']): readonly Issue[]
  credentialKey?(config: Static<C>): string
  validateConsumer?(config: Static<C>, path: Issue['path']): readonly Issue[]
  setup(config: Static<S>, host: Host): Awaitable<Hooks>
}

// Registered, so that it is the same in every copy of this package.
const brand = Symbol.for('sluice.plugin')

/** Declares a plugin. A module that `gateway.plugins` names exports what this returns. */
export function definePlugin<S extends TSchema, C extends TSchema = TSchema>(definition: PluginDefinition<S, C>): Plugin {
  return Object.defineProperty({ ...definition } as unknown as Plugin, brand, { value: true })
}

/** Whether `definePlugin` made it. */
export function isPlugin(value: unknown): value is Plugin {
  return typeof value === 'object' && value !== null && brand in value
}
