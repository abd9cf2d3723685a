import type { Variables } from '@sluice/expr'
import { Chain, type ChainHost, type ChainInit } from './chain.ts'
import { ConsumerDirectory, type Layer } from './consumer-directory.ts'
import type { PreparedConsumer } from './consumers.ts'
import { scopedCounters, type Counters } from './counters.ts'
import { ConfigError, HttpError, messageOf } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { Instance, Instances } from './instances.ts'
import type { Prepared } from './kernel.ts'
import { byPriority, linkOf, type Link, type Scope } from './link.ts'
import type { Logger } from './logger.ts'
import type { Answer } from './onion.ts'
import type { Awaitable, Plugin } from './plugin.ts'
import { TimeSlice } from './time-slice.ts'

export interface ChainSpec {
  readonly globals: readonly Prepared[]
  readonly plugins: readonly Prepared[]
  /** What answers where no plugin does; by default a 502. */
  readonly unanswered?: Answer
}

export interface ChainBuilderInit {
  readonly instances: Instances
  /** Those that live, by what they are made of; snapshots share them. */
  readonly chains: Map<string, Chain>
  readonly host: ChainHost
  readonly log: Logger
  readonly counters: Counters
  readonly variables: Variables<Exchange>
}

/** Makes the chains of one snapshot, or takes over those that there are, and holds them until `release`. */
export class ChainBuilder {
  readonly #instances: Instances
  readonly #chains: Map<string, Chain>
  readonly #host: ChainHost
  readonly #log: Logger
  readonly #counters: Counters
  readonly #variables: Variables<Exchange>
  readonly #held = new Set<Chain>()
  /** Instances by identity; a promise while one is being set up, so that chains made at once share it. */
  readonly #holds = new Map<string, Awaitable<Instance>>()
  #directory: ConsumerDirectory | undefined
  #released = false

  constructor({ instances, chains, host, log, counters, variables }: ChainBuilderInit) {
    this.#instances = instances
    this.#chains = chains
    this.#host = host
    this.#log = log
    this.#counters = counters
    this.#variables = variables
  }

  /** The chain where there is one already, in another snapshot for one: nothing has to be set up for it. */
  takeOver(spec: ChainSpec): Chain | undefined {
    const name = nameOf(spec)
    const known = name === undefined ? undefined : this.#chains.get(name)
    return known && this.#keep(known)
  }

  /** Sets a plugin up for the chains to come. Rejects with a `ConfigError` where that fails; then call `release`. */
  async setUp(prepared: Prepared): Promise<void> {
    if (!prepared.meta.disable) await this.#instanceOf(prepared)
  }

  /** Rejects with a `ConfigError` where a plugin's `setup` throws; then call `release`. */
  async chain(spec: ChainSpec): Promise<Chain> {
    const { globals, plugins, unanswered = noAnswer } = spec
    const known = this.takeOver(spec)
    if (known) return known
    const links = [...(await this.#links(globals, 'global')), ...(await this.#links(plugins, 'route'))]
    // Somebody may have made it meanwhile.
    return this.takeOver(spec) ?? this.#make({ links, host: this.#host, unanswered }, nameOf(spec))
  }

  /** Makes the directory of the snapshot's consumers; one for each builder. Rejects as `chain` does. */
  async directory(consumers: Iterable<PreparedConsumer>): Promise<ConsumerDirectory> {
    this.#expectUse()
    const directory = new ConsumerDirectory(this.#instances)
    directory.hold()
    this.#directory = directory
    // Consumers of one group who bring nothing of their own share its layer.
    const layers = new Map<string, Layer>()
    const slice = new TimeSlice()
    for (const consumer of consumers) {
      directory.add(consumer, consumer.plugins.length > 0 ? await this.#layer(consumer.plugins, layers) : undefined)
      if (slice.isOver) await slice.rest()
    }
    return directory
  }

  /** Gives everything back; what nobody else holds ends, and its instances are disposed of. */
  async release(): Promise<void> {
    if (this.#released) return
    this.#released = true
    const slice = new TimeSlice()
    const drops: (Promise<void> | undefined)[] = []
    for (const chain of this.#held) {
      drops.push(chain.drop())
      if (slice.isOver) await slice.rest()
    }
    for (const [key, held] of this.#holds) {
      drops.push(this.#drop(key, held))
      if (slice.isOver) await slice.rest()
    }
    this.#directory?.drop()
    await Promise.all([...drops, this.#directory?.ended])
  }

  #make(init: Omit<ChainInit, 'onEnd'>, name: string | undefined): Chain {
    this.#expectUse()
    const chain = new Chain({ ...init, onEnd: endOf(init.links, this.#instances, this.#chains, name) })
    for (const { instance } of init.links) this.#instances.share(instance)
    if (name !== undefined) this.#chains.set(name, chain)
    return this.#keep(chain)
  }

  #keep(chain: Chain): Chain {
    this.#expectUse()
    if (!this.#held.has(chain)) {
      this.#held.add(chain)
      chain.hold()
    }
    return chain
  }

  async #links(list: readonly Prepared[], scope: Scope): Promise<Link[]> {
    const links: Link[] = []
    for (const prepared of list) {
      if (prepared.meta.disable) continue
      const held = this.#instanceOf(prepared)
      // An await only where something is new: a snapshot of ten thousand routes mostly finds what it needs.
      links.push(linkOf(prepared.plugin, held instanceof Promise ? await held : held, prepared.meta, scope))
    }
    return byPriority(links)
  }

  async #layer(plugins: readonly Prepared[], layers: Map<string, Layer>): Promise<Layer> {
    const key = plugins.map(({ place }) => place).join('\n')
    const known = layers.get(key)
    if (known) return known
    const layer = { links: await this.#links(plugins, 'route'), names: new Set(plugins.map(({ plugin }) => plugin.name)) }
    layers.set(key, layer)
    return layer
  }

  #instanceOf(prepared: Prepared): Awaitable<Instance> {
    this.#expectUse()
    return this.#holds.get(prepared.identity) ?? this.#hold(prepared)
  }

  #expectUse(): void {
    if (this.#released) throw new TypeError('these chains were released; build others')
  }

  #hold(prepared: Prepared): Awaitable<Instance> {
    const held = this.#begin(prepared)
    this.#holds.set(prepared.identity, held)
    return held
  }

  #begin({ plugin, config, metadata, owner, identity, path }: Prepared): Awaitable<Instance> {
    const failed = (error: unknown): never => {
      this.#holds.delete(identity)
      throw error instanceof ConfigError ? error : new ConfigError([{ path, message: `cannot be set up: ${messageOf(error)}` }])
    }
    const ready = (instance: Instance): Instance => {
      if (this.#holds.has(identity)) this.#holds.set(identity, instance)
      return instance
    }
    const counters = scopedCounters(this.#counters, identity)
    try {
      const held = this.#instances.hold(identity, plugin, config, {
        log: this.#log.child({ plugin: plugin.name, ...(!plugin.sharesInstances && { owner: `${owner.kind}/${owner.id}` }) }),
        get owner() {
          return expectPlace(plugin, owner, 'host.owner')
        },
        metadata,
        variables: this.#variables,
        get counters() {
          return expectPlace(plugin, counters, 'host.counters; take host.sharedCounters(name)')
        },
        // An identity has a slash before its first blank: no name can be taken for one.
        sharedCounters: (name) => scopedCounters(this.#counters, `${plugin.name} ${JSON.stringify(name)}`),
      })
      return held instanceof Promise ? held.then(ready, failed) : held
    } catch (error) {
      return failed(error)
    }
  }

  async #drop(key: string, held: Awaitable<Instance>): Promise<void> {
    try {
      await held
    } catch {
      return // never set up: whoever asked for it was told
    }
    await this.#instances.drop(key)
  }
}

/** What belongs to one place is nothing for an instance that stands in many. */
function expectPlace<T>({ name, sharesInstances }: Plugin, value: T, asked: string): T {
  if (sharesInstances) throw new TypeError(`${name} shares its instances (sharesInstances): there is no ${asked}`)
  return value
}

/** A function of its own: it lives as long as the chain, and must not keep the builder, and with it every chain of one snapshot. */
function endOf(links: readonly Link[], instances: Instances, chains: Map<string, Chain>, name: string | undefined): () => Promise<void> {
  return async () => {
    if (name !== undefined) chains.delete(name)
    await Promise.all(links.map(({ instance }) => instances.drop(instance.key)))
  }
}

/** What a chain is made of, so that equal ones can be shared. Undefined: what it is made of has no name. */
function nameOf({ globals, plugins, unanswered }: ChainSpec): string | undefined {
  if (unanswered) return undefined
  const known = named.get(plugins)
  if (known?.globals === globals) return known.name
  const name = `${namesOf(globals)}\n\n${namesOf(plugins)}`
  named.set(plugins, { globals, name })
  return name
}

/** Names by the list of plugins: the next snapshot asks for most of them again. */
const named = new WeakMap<readonly Prepared[], { readonly globals: readonly Prepared[]; readonly name: string }>()

function namesOf(list: readonly Prepared[]): string {
  return list.flatMap(({ meta, place }) => (meta.disable ? [] : [place])).join('\n')
}

async function noAnswer(): Promise<never> {
  throw new HttpError(502, 'no_upstream', 'no plugin on this route answers, and it has no upstream')
}
