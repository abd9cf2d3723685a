import type { HttpError } from '@sluice/kernel'
import type { Framing } from '@sluice/provider'
import type { Receiver } from '@sluice/upstream'

export type Content = 'json' | 'events'

const nothing = Buffer.alloc(0)

/**
 * Hands an answer on to the receiver that its content type asks for, unless its first bytes say otherwise: some servers
 * stream under `application/json`, or put a whole answer under `text/event-stream`.
 */
export class FirstBytes implements Receiver {
  #inner: Receiver
  readonly #framing: Framing
  readonly #instead: (found: Content) => Receiver | undefined
  #isDecided = false
  #held: Buffer = nothing

  /** `instead` gives the receiver for what was found, or nothing where the first one is right. */
  constructor(inner: Receiver, framing: Framing, instead: (found: Content) => Receiver | undefined) {
    this.#inner = inner
    this.#framing = framing
    this.#instead = instead
  }

  data(chunk: Buffer): void {
    if (!this.#isDecided) {
      const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk
      this.#held = nothing
      const found = contentOf(bytes, this.#framing)
      if (found === 'fragment') {
        this.#held = bytes
        return
      }
      if (found !== 'blank') this.#isDecided = true
      if (found === 'json' || found === 'events') this.#inner = this.#instead(found) ?? this.#inner
      this.#inner.data(bytes)
    } else this.#inner.data(chunk)
  }

  end(): void {
    if (this.#held.length > 0) this.#inner.data(this.#held)
    this.#inner.end()
  }

  fail(error: HttpError): void {
    this.#inner.fail(error)
  }
}

/** What begins here; `fragment` where that takes a few bytes more to tell. */
function contentOf(bytes: Buffer, framing: Framing): Content | 'other' | 'blank' | 'fragment' {
  if (bytes[0] === 0x7b) return 'json'
  const isStream = framing.begins(bytes)
  if (isStream !== false) return isStream ? 'events' : 'fragment'
  const first = bytes.find((byte) => byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf)
  if (first === undefined) return 'blank'
  return first === 0x7b || first === 0x5b ? 'json' : 'other'
}
