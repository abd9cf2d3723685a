import type { LogTarget } from './log-target.ts'
import { reasonOf, type LossReport } from './loss-report.ts'

const retryMs = { first: 5, busy: 100, failing: 1_000 }

/** Gets bytes into a file that may be slow, full or gone. */
export class LogWriter {
  readonly #file: LogTarget
  readonly #lost: LossReport
  readonly #onError: (error: Error) => void
  /** On `performance.now()`: when to stop trying; from `hurry` on, only a slow reader is worth another try. */
  #giveUpAt: number | undefined
  #wake: () => void = () => {}
  #isFailing = false
  /** The last thing written is a part of a line that was then given up, by us or by a process before us. */
  #isTorn: boolean
  #leftover: Uint8Array = Buffer.alloc(0)

  constructor(file: LogTarget, lost: LossReport, onError: (error: Error) => void) {
    this.#file = file
    this.#isTorn = file.endsTorn()
    this.#lost = lost
    this.#onError = onError
  }

  /** Writes all of it, however often that takes; false where the rest was given up and counted as lost. */
  async send(lines: Buffer): Promise<boolean> {
    const wasTorn = this.#isTorn
    const bytes = this.#fromNewLine(lines)
    let rest: Uint8Array = bytes
    let delay = retryMs.first
    while (rest.byteLength > 0) {
      try {
        rest = rest.subarray(await this.#file.write(rest))
        this.#isFailing = false
        delay = retryMs.first
      } catch (error) {
        const code = codeOf(error)
        if (this.#isHopeless(code)) {
          const written = bytes.byteLength - rest.byteLength
          this.#isTorn = written === 0 ? wasTorn : bytes[written - 1] !== 0x0a
          this.#lost.add(linesIn(rest), error)
          return false
        }
        if (!isBusy(code)) this.#tell(error)
        this.#leftover = rest
        await this.#pause(delay)
        this.#leftover = Buffer.alloc(0)
        delay = Math.min(delay * 2, isBusy(code) ? retryMs.busy : retryMs.failing)
      }
    }
    return true
  }

  /** Everything ends: a reader that is slow gets `graceMs` more, whatever else is in the way is given up on. */
  hurry(graceMs: number): void {
    this.#giveUpAt ??= performance.now() + graceMs
    this.#wake()
  }

  /** The process ends at once. A write that is under way finishes by itself; what waits for its next try, and `lines`, get a last one. */
  sendSync(lines: Buffer): void {
    let rest: Uint8Array = Buffer.concat([this.#leftover, this.#fromNewLine(lines)])
    for (let tries = 0; rest.byteLength > 0 && tries < 20; tries++) {
      try {
        rest = rest.subarray(this.#file.writeSync(rest))
      } catch (error) {
        if (!isBusy(codeOf(error))) break
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
      }
    }
    if (rest.byteLength > 0) this.#lost.add(linesIn(rest), 'the process ended')
  }

  /** Another file is open at the path. */
  startAnew(): void {
    this.#isTorn = this.#file.endsTorn()
  }

  #fromNewLine(lines: Buffer): Buffer {
    if (!this.#isTorn || lines.length === 0) return lines
    this.#isTorn = false
    return Buffer.concat([Buffer.from('\n'), lines])
  }

  /** A pipe whose reader is gone gets no other; a full disk may be cleared, as long as we are here to see it. */
  #isHopeless(code: string): boolean {
    if (code === 'EPIPE' || code === 'EBADF') return true
    return this.#giveUpAt !== undefined && (!isBusy(code) || performance.now() > this.#giveUpAt)
  }

  #tell(cause: unknown): void {
    if (this.#isFailing) return
    this.#isFailing = true
    const message = `access log ${this.#file.path} cannot be written; lines are held until it can: ${reasonOf(cause)}`
    this.#onError(new Error(message, { cause }))
  }

  /** Does not keep the process alive: `sendSync` has the last word. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms).unref()
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? ''
}

function isBusy(code: string): boolean {
  return code === 'EAGAIN' || code === 'EWOULDBLOCK' || code === 'EINTR'
}

function linesIn(bytes: Uint8Array): number {
  let count = 0
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) count++
  return count
}
