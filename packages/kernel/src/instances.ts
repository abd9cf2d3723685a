import { hash } from 'node:crypto'
import type { Logger } from './logger.ts'
import type { Awaitable, Hooks, Host, Owner, Plugin } from './plugin.ts'

/** Milliseconds that a `setup` may take. Whoever waits for it waits with the whole configuration. */
const setupTimeoutMs = 30_000

/** A plugin set up for one configuration. Chains share it, across snapshots, for as long as its identity does not change. */
export interface Instance {
  readonly key: string
  readonly hooks: Hooks
}

interface Held extends Instance {
  /** Chains, and snapshots that are being made, that hold it. */
  holders: number
}

/** Identity of an instance: where it is written, unless that does not matter to the plugin, what it is, and its whole configuration. */
export function identityOf({ name, sharesInstances }: Plugin, owner: Owner, config: unknown, metadata: unknown): string {
  const digest = hash('sha256', canonical([config, metadata]), 'base64url')
  return sharesInstances ? `/ ${name} ${digest}` : `${owner.kind}/${owner.id} ${name} ${digest}`
}

/** Identity of a plugin in a list: that of its instance, and how the list wants it to run there. */
export function placeOf(identity: string, meta: unknown): string {
  return meta === undefined ? identity : `${identity} ${canonical(meta)}`
}

/** All instances of a kernel, each counted by those who hold it. */
export class Instances {
  readonly #held = new Map<string, Held>()
  /** Those whose `setup` is running; it runs once, however many ask. */
  readonly #coming = new Map<string, Promise<Held>>()
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  get size(): number {
    return this.#held.size
  }

  /** Takes the instance of that identity, setting it up where it is new. Rejects with what `setup` threw. */
  hold(key: string, plugin: Plugin, config: unknown, host: Host): Awaitable<Instance> {
    const known = this.#held.get(key)
    if (known) return counted(known)
    const coming = this.#coming.get(key)
    if (coming) return coming.then(counted)
    const hooks = plugin.setup(config, host)
    if (!(hooks instanceof Promise)) return counted(this.#keep(key, hooks))
    const inTime = withinLimit(hooks, (late) => this.#dispose(key, late))
    const set = inTime.then((ready) => this.#keep(key, ready)).finally(() => this.#coming.delete(key))
    this.#coming.set(key, set)
    return set.then(counted)
  }

  /** Takes one that somebody holds. */
  share({ key }: Instance): void {
    const held = this.#held.get(key)
    if (!held) throw new TypeError(`nobody holds the instance ${key}`)
    counted(held)
  }

  /** Gives one hold back; the last one disposes of the instance. */
  async drop(key: string): Promise<void> {
    const held = this.#held.get(key)
    if (!held) return
    held.holders -= 1
    if (held.holders > 0) return
    this.#held.delete(key)
    await this.#dispose(key, held.hooks)
  }

  async #dispose(key: string, hooks: Hooks): Promise<void> {
    try {
      await hooks.dispose?.()
    } catch (err) {
      this.#log.error({ err, instance: key }, 'a plugin failed to dispose of itself')
    }
  }

  #keep(key: string, hooks: unknown): Held {
    if (typeof hooks !== 'object' || hooks === null) throw new TypeError('its setup returned no hooks')
    const held: Held = { key, hooks, holders: 0 }
    this.#held.set(key, held)
    return held
  }
}

/** Rejects where a `setup` has not come to its end in time; what it gives later is nobody's, and handed to `release`. */
function withinLimit(setup: Promise<Hooks>, release: (late: Hooks) => Promise<void>): Promise<Hooks> {
  const { promise, resolve, reject } = Promise.withResolvers<Hooks>()
  const timer = setTimeout(() => {
    reject(new Error(`its setup has not come to an end within ${setupTimeoutMs / 1_000} s`))
    setup.then(release).catch(() => {}) // who waited has been told already
  }, setupTimeoutMs)
  setup.then(resolve, reject).finally(() => clearTimeout(timer))
  return promise
}

function counted(held: Held): Instance {
  held.holders += 1
  return held
}

/** JSON with the members of every object in one order. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  const written = members
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`)
  return `{${written.join(',')}}`
}
