import type { Chain } from './chain.ts'
import { digestOf, type ConsumerInfo, type Credential, type Directory, type PreparedConsumer } from './consumers.ts'
import { HttpError } from './errors.ts'
import type { Instances } from './instances.ts'
import { byPriority, type Link } from './link.ts'
import { TimeSlice } from './time-slice.ts'

/** Chains of consumers on routes that are kept ready; more are made again when they are asked for. */
const mostPairs = 5_000

/** The plugins that a consumer brings, hers and her group's. */
export interface Layer {
  readonly links: readonly Link[]
  /** Of the plugins that hers stand in place of, also where hers are switched off. */
  readonly names: ReadonlySet<string>
}

interface Pair {
  readonly layer: Layer
  readonly route: Chain
  readonly chain: Chain
}

/** The consumers of one snapshot. It ends with the last exchange that may still ask it, and with it the chains that it made. */
export class ConsumerDirectory implements Directory {
  /** Settles once it has ended and given back what it held. */
  readonly ended: Promise<void>
  readonly #instances: Instances
  readonly #named = new Map<string, ConsumerInfo>()
  readonly #credentials = new Map<string, Map<string, Credential>>()
  /** By consumer; a text is what hers would be made of and what is gone. */
  readonly #layers = new Map<string, Layer | string>()
  readonly #chains = new Map<Layer, Map<Chain, Pair>>()
  /** In the order in which they were made. */
  readonly #pairs = new Set<Pair>()
  readonly #end: (ending: Promise<void>) => void
  #holders = 0

  constructor(instances: Instances) {
    this.#instances = instances
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    this.#end = resolve
  }

  /** Takes a consumer in, while the snapshot is made. */
  add({ name, groupId, labels, credentials, missing }: PreparedConsumer, layer: Layer | undefined): void {
    const consumer = { name, ...(groupId !== undefined && { groupId }), ...(labels && { labels }) }
    this.#named.set(name, consumer)
    if (missing !== undefined) this.#layers.set(name, missing)
    else if (layer) this.#addLayer(name, layer)
    for (const { plugin, digest, id, config } of credentials) {
      const known = this.#credentials.get(plugin) ?? new Map<string, Credential>()
      this.#credentials.set(plugin, known)
      known.set(digest, { consumer: id === undefined ? consumer : { ...consumer, credentialId: id }, config })
    }
  }

  find(plugin: string, key: string): Credential | undefined {
    return this.#credentials.get(plugin)?.get(digestOf(key))
  }

  named(name: string): ConsumerInfo | undefined {
    return this.#named.get(name)
  }

  chainFor(route: Chain, { name }: ConsumerInfo): Chain | undefined {
    const layer = this.#layers.get(name)
    if (typeof layer === 'string') throw new HttpError(503, 'missing_reference', `this consumer refers to ${layer}, which was deleted`)
    return layer && (this.#chains.get(layer)?.get(route)?.chain ?? this.#join(route, layer))
  }

  hold(): void {
    this.#holders += 1
  }

  drop(): void {
    this.#holders -= 1
    if (this.#holders === 0) this.#end(this.#giveBack())
  }

  async #giveBack(): Promise<void> {
    const slice = new TimeSlice()
    const endings: (Promise<void> | undefined)[] = []
    for (const { chain } of this.#pairs) {
      endings.push(chain.drop())
      if (slice.isOver) await slice.rest()
    }
    for (const layer of this.#chains.keys()) {
      endings.push(endOf(layer.links, this.#instances)())
      if (slice.isOver) await slice.rest()
    }
    await Promise.all(endings)
  }

  #addLayer(name: string, layer: Layer): void {
    this.#layers.set(name, layer)
    if (this.#chains.has(layer)) return
    this.#chains.set(layer, new Map())
    for (const { instance } of layer.links) this.#instances.share(instance)
  }

  #join(route: Chain, layer: Layer): Chain {
    const kept = route.links.filter(({ scope, plugin }) => scope === 'global' || !layer.names.has(plugin.name))
    const globals = kept.filter(({ scope }) => scope === 'global')
    const others = kept.filter(({ scope }) => scope !== 'global')
    const links = [...globals, ...byPriority([...others, ...layer.links])]
    for (const { instance } of links) this.#instances.share(instance)
    const chain = route.joined(links, endOf(links, this.#instances))
    this.#keep({ layer, route, chain })
    return chain
  }

  #keep(pair: Pair): void {
    pair.chain.hold()
    this.#pairs.add(pair)
    this.#chains.get(pair.layer)?.set(pair.route, pair)
    const [oldest] = this.#pairs
    if (this.#pairs.size <= mostPairs || !oldest) return
    this.#pairs.delete(oldest)
    this.#chains.get(oldest.layer)?.delete(oldest.route)
    void oldest.chain.drop()
  }
}

/** A function of its own: it lives as long as the chain, and must not keep the directory. */
function endOf(links: readonly Link[], instances: Instances): () => Promise<void> {
  return async () => {
    await Promise.all(links.map(({ instance }) => instances.drop(instance.key)))
  }
}
