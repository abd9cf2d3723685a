import { EventEmitter } from 'node:events'
import type { Readable } from 'node:stream'
import { tooLarge } from '@sluice/kernel'

/**
 * A request body on its way up, in the shape that undici takes for a stream. It forwards what the source emits and is told to
 * pause and resume; unlike undici with the source itself, it leaves the source alive, which is half of the client's connection.
 */
export class Upload extends EventEmitter {
  readonly #source: Readable
  readonly #onBlocked: () => void
  readonly #onFlowing: () => void
  readonly #maxBytes: number
  #bytes = 0
  /** Bytes may have been taken from the source. */
  isBegun = false
  /** undici asks. */
  destroyed = false
  /** Why the source broke off, if it did. */
  broken: Error | undefined

  /** `onBlocked`: the upstream takes no more for now; `onFlowing`: it does again. Beyond `maxBytes` it breaks with a 413. */
  constructor(source: Readable, onBlocked: () => void, onFlowing: () => void, maxBytes = Infinity) {
    super()
    this.#source = source
    this.#onBlocked = onBlocked
    this.#onFlowing = onFlowing
    this.#maxBytes = maxBytes
  }

  get readableEnded(): boolean {
    return this.#source.readableEnded
  }

  get closed(): boolean {
    const isClosed = this.#source.destroyed && !this.#source.readableEnded
    if (isClosed) this.broken ??= this.#source.errored ?? new Error('the body ended before it was complete')
    return isClosed
  }

  resume(): this {
    if (this.destroyed) return this
    if (!this.isBegun) {
      this.isBegun = true
      this.#source.on('data', this.#data).on('end', this.#end).on('error', this.#error).on('close', this.#close)
    }
    this.#onFlowing()
    this.#source.resume()
    return this
  }

  pause(): this {
    this.#source.pause()
    this.#onBlocked()
    return this
  }

  /** Lets go of the source, in whatever state it is. */
  destroy(): this {
    this.destroyed = true
    if (this.isBegun) {
      this.#source.off('data', this.#data).off('end', this.#end).off('error', this.#error).off('close', this.#close)
      if (!this.#source.readableEnded) this.#source.pause()
    }
    return this
  }

  /** Never called: undici knows a stream by having one. */
  pipe(): never {
    throw new TypeError('an upload is written by undici, not piped')
  }

  readonly #data = (chunk: Buffer): void => {
    this.#bytes += chunk.byteLength
    if (this.#bytes > this.#maxBytes) this.#error(tooLarge(this.#bytes, this.#maxBytes))
    else this.emit('data', chunk)
  }
  readonly #end = (): void => void this.emit('end')
  readonly #close = (): void => {
    if (this.closed) this.emit('close')
  }
  readonly #error = (error: Error): void => {
    this.broken ??= error
    if (this.listenerCount('error') > 0) this.emit('error', error)
  }
}
