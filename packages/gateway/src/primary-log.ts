import type { LogTarget } from '@sluice/access-log'
import type { PrimaryLink } from './primary-link.ts'

/** Hands lines of the access log to the primary, which has the file: one batch at a time, so that what it cannot take waits here, bounded. */
export class PrimaryLog {
  readonly #link: PrimaryLink
  readonly #waiting = new Map<number, () => void>()
  #batches = 0

  constructor(link: PrimaryLink) {
    this.#link = link
  }

  /** The primary has a batch. */
  taken(batch: number): void {
    this.#waiting.get(batch)?.()
    this.#waiting.delete(batch)
  }

  /** The log at `path` as a version of the configuration has it. */
  target(path: string, version: number): LogTarget {
    const send = (bytes: Uint8Array): number => {
      const batch = ++this.#batches
      this.#link.send({ type: 'lines', batch, version, bytes })
      return batch
    }
    return {
      path,
      endsTorn: () => false,
      write: async (bytes) => {
        const batch = send(bytes)
        await new Promise<void>((resolve) => this.#waiting.set(batch, resolve))
        return bytes.byteLength
      },
      writeSync(bytes) {
        send(bytes)
        return bytes.byteLength
      },
      reopen: async () => {},
      close: async () => {},
    }
  }
}
