import { EventEmitter } from 'node:events'
import type { UploadSource } from './upload.ts'

/**
 * Bytes in memory as the source of an upload: each piece is emitted as it is while they are taken, and none of a
 * stream's machinery is paid for.
 */
export class PiecesSource extends EventEmitter implements UploadSource {
  readonly #pieces: readonly Buffer[]
  #next = 0
  #isFlowing = false
  #isEmitting = false
  readableEnded = false
  readonly destroyed = false
  readonly errored = null

  constructor(pieces: readonly Buffer[]) {
    super()
    this.#pieces = pieces
  }

  resume(): this {
    if (this.#isFlowing || this.readableEnded) return this
    this.#isFlowing = true
    // Not at once: who asks is in the middle of getting ready.
    if (!this.#isEmitting) {
      this.#isEmitting = true
      queueMicrotask(this.#flow)
    }
    return this
  }

  pause(): this {
    this.#isFlowing = false
    return this
  }

  readonly #flow = (): void => {
    this.#isEmitting = false
    while (this.#isFlowing && this.#next < this.#pieces.length) this.emit('data', this.#pieces[this.#next++])
    if (!this.#isFlowing || this.readableEnded) return
    this.readableEnded = true
    this.emit('end')
  }
}
