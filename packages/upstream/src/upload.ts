import { EventEmitter } from 'node:events'
import { tooLarge } from '@sluice/kernel'
import { ReadAhead } from './read-ahead.ts'

export interface UploadOptions {
  readonly source: UploadSource
  /** The upstream takes no more for now. */
  onBlocked(): void
  /** It does again. */
  onFlowing(): void
  /** Beyond so many bytes it breaks with a 413. */
  readonly maxBytes?: number | undefined
  /** So many bytes were read from the source that the upstream does not take: whether more are to be read. */
  mayReadOn(bytes: number): boolean
}

/** Where an upload takes its bytes from; Node's `Readable` is one. */
export interface UploadSource {
  readonly readableEnded: boolean
  readonly destroyed: boolean
  readonly errored: Error | null
  resume(): unknown
  pause(): unknown
  on(event: 'data', listener: (chunk: Buffer) => void): this
  on(event: 'end' | 'close', listener: () => void): this
  on(event: 'error', listener: (error: Error) => void): this
  off(event: 'data', listener: (chunk: Buffer) => void): this
  off(event: 'end' | 'close', listener: () => void): this
  off(event: 'error', listener: (error: Error) => void): this
}

/**
 * A request body on its way up, in the shape that undici takes for a stream. It forwards what the source emits and is told to
 * pause and resume; unlike undici with the source itself, it leaves the source alive, which is half of the client's connection.
 */
export class Upload extends EventEmitter {
  readonly #source: UploadSource
  readonly #onBlocked: () => void
  readonly #onFlowing: () => void
  readonly #maxBytes: number
  readonly #mayReadOn: (bytes: number) => boolean
  #bytes = 0
  #isBlocked = false
  /** What was read since upstream takes no more. */
  readonly #ahead = new ReadAhead()
  #hasEnded = false
  /** Bytes may have been taken from the source. */
  isBegun = false
  /** undici asks. */
  destroyed = false
  /** Why the source broke off, if it did. */
  broken: Error | undefined

  constructor({ source, onBlocked, onFlowing, maxBytes = Infinity, mayReadOn }: UploadOptions) {
    super()
    this.#source = source
    this.#onBlocked = onBlocked
    this.#onFlowing = onFlowing
    this.#maxBytes = maxBytes
    this.#mayReadOn = mayReadOn
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
    this.#isBlocked = false
    this.#onFlowing()
    this.#catchUp()
    if (!this.#isBlocked) this.#source.resume()
    return this
  }

  pause(): this {
    this.#isBlocked = true
    if (!this.#mayReadOn(this.#ahead.length)) this.#source.pause()
    this.#onBlocked()
    return this
  }

  /** Lets go of the source, in whatever state it is. */
  destroy(): this {
    this.destroyed = true
    this.#dropAhead()
    if (this.isBegun) {
      this.#source.off('data', this.#data).off('end', this.#end).off('error', this.#error).off('close', this.#close)
      if (!this.#source.readableEnded) this.#source.pause()
    }
    return this
  }

  #keep(chunk: Buffer): void {
    this.#ahead.push(chunk)
    if (!this.#mayReadOn(this.#ahead.length)) this.#source.pause()
  }

  /** Hands on what was read ahead, its end included, until upstream has enough again. */
  #catchUp(): void {
    while (this.#ahead.length > 0 && !this.#isBlocked) {
      const chunk = this.#ahead.take() as Buffer
      if (this.#ahead.length === 0) this.#mayReadOn(0)
      this.emit('data', chunk)
    }
    if (this.#hasEnded && !this.#isBlocked) this.emit('end')
  }

  #dropAhead(): void {
    if (this.#ahead.length === 0) return
    this.#ahead.drop()
    this.#mayReadOn(0)
  }

  /** Never called: undici knows a stream by having one. */
  pipe(): never {
    throw new TypeError('an upload is written by undici, not piped')
  }

  readonly #data = (chunk: Buffer): void => {
    this.#bytes += chunk.byteLength
    if (this.#bytes > this.#maxBytes) this.#error(tooLarge(this.#bytes, this.#maxBytes))
    else if (this.#isBlocked) this.#keep(chunk)
    else this.emit('data', chunk)
  }
  readonly #end = (): void => {
    this.#hasEnded = true
    if (!this.#isBlocked) this.emit('end')
  }
  readonly #close = (): void => {
    if (this.closed) this.emit('close')
  }
  readonly #error = (error: Error): void => {
    this.broken ??= error
    if (this.listenerCount('error') > 0) this.emit('error', error)
  }
}
