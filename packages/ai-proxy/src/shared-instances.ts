import { hash } from 'node:crypto'
import type { Config } from './config.ts'
import type { Instance, InstanceOptions } from './instance.ts'

type Make = (options: Pick<InstanceOptions, 'config' | 'digest'>) => Instance

interface Held {
  readonly instance: Instance
  holders: number
}

/**
 * The instances of a process: routes whose configuration is the same share one, with its connections and its cloud's token. A hundred routes of
 * one provider then work with the same objects, which stay in the processor's caches.
 */
export class SharedInstances {
  readonly #make: Make
  readonly #held = new Map<string, Held>()

  constructor(make: Make) {
    this.#make = make
  }

  /** Takes the instance of that configuration; made where nobody holds one, and throws what that throws. */
  acquire(config: Config): Instance {
    const digest = hash('sha256', JSON.stringify(config), 'base64url')
    const held = this.#held.get(digest) ?? { instance: this.#make({ config, digest }), holders: 0 }
    this.#held.set(digest, held)
    held.holders += 1
    return held.instance
  }

  /** Gives it back, once for each time that it was taken; the last one ends it. */
  async release({ digest }: Instance): Promise<void> {
    const held = this.#held.get(digest)
    if (!held) return
    held.holders -= 1
    if (held.holders > 0) return
    this.#held.delete(digest)
    await held.instance.dispose()
  }
}
