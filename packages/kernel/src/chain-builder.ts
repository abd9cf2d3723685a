import { Chain, type ChainHost, type Join } from './chain.ts'
import { scopedCounters, type Counters } from './counters.ts'
import { ConfigError, HttpError, messageOf } from './errors.ts'
import type { Instance, Instances } from './instances.ts'
import type { Prepared } from './kernel.ts'
import { linkOf, type Link, type Scope } from './link.ts'
import type { Logger } from './logger.ts'
import type { Answer } from './onion.ts'
import type { Awaitable } from './plugin.ts'
import { TimeSlice } from './time-slice.ts'

export interface ChainSpec {
  readonly globals: readonly Prepared[]
  readonly plugins: readonly Prepared[]
  /** Gives the chain to go on with once the consumer is known. */
  readonly join?: Join
  /** What answers where no plugin does; by default a 502. */
  readonly unanswered?: Answer
}

/** Makes the chains of one snapshot and holds their plugin instances until `release`. */
export class ChainBuilder {
  readonly #instances: Instances
  readonly #host: ChainHost
  readonly #log: Logger
  readonly #counters: Counters
  /** By identity; a promise while it is being set up, so that chains made at once share it. */
  readonly #holds = new Map<string, Awaitable<Instance>>()
  #released = false

  constructor(instances: Instances, host: ChainHost, log: Logger, counters: Counters) {
    this.#instances = instances
    this.#host = host
    this.#log = log
    this.#counters = counters
  }

  /** Rejects with a `ConfigError` where a plugin's `setup` throws; then call `release`. */
  async chain({ globals, plugins, join, unanswered = noAnswer }: ChainSpec): Promise<Chain> {
    const links = [...(await this.#links(globals, 'global')), ...(await this.#links(plugins, 'route'))]
    return new Chain(links, this.#host, unanswered, join)
  }

  /** Gives every instance back; those that no other snapshot holds are disposed of. */
  async release(): Promise<void> {
    if (this.#released) return
    this.#released = true
    const slice = new TimeSlice()
    const drops: Promise<void>[] = []
    for (const [key, held] of this.#holds) {
      drops.push(this.#drop(key, held))
      if (slice.isOver) await slice.rest()
    }
    await Promise.all(drops)
  }

  async #links(list: readonly Prepared[], scope: Scope): Promise<Link[]> {
    const links: Link[] = []
    for (const prepared of list) {
      if (prepared.meta.disable) continue
      const held = this.#holds.get(prepared.identity) ?? this.#hold(prepared)
      // An await only where something is new: a snapshot of ten thousand routes mostly finds what it needs.
      links.push(linkOf(prepared.plugin, held instanceof Promise ? await held : held, prepared.meta, scope))
    }
    return links.toSorted((a, b) => b.priority - a.priority || (a.plugin.name < b.plugin.name ? -1 : 1))
  }

  #hold(prepared: Prepared): Awaitable<Instance> {
    if (this.#released) throw new TypeError('these chains were released; build others')
    const held = this.#setUp(prepared)
    this.#holds.set(prepared.identity, held)
    return held
  }

  #setUp({ plugin, config, metadata, owner, identity, path }: Prepared): Awaitable<Instance> {
    const failed = (error: unknown): never => {
      this.#holds.delete(identity)
      throw error instanceof ConfigError ? error : new ConfigError([{ path, message: `cannot be set up: ${messageOf(error)}` }])
    }
    const ready = (instance: Instance): Instance => {
      if (this.#holds.has(identity)) this.#holds.set(identity, instance)
      return instance
    }
    try {
      const log = this.#log.child({ plugin: plugin.name, owner: `${owner.kind}/${owner.id}` })
      const counters = scopedCounters(this.#counters, identity)
      const held = this.#instances.hold(identity, plugin, config, { log, owner, metadata, counters })
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

async function noAnswer(): Promise<never> {
  throw new HttpError(502, 'no_upstream', 'no plugin on this route answers, and it has no upstream')
}
