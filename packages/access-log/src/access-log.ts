import type { Exchange } from '@sluice/kernel'
import { HeldLines } from './held-lines.ts'
import { LogFile } from './log-file.ts'
import type { LogTarget } from './log-target.ts'
import { LogWriter } from './log-writer.ts'
import { LossReport, reasonOf } from './loss-report.ts'

export interface AccessLogOptions {
  /** A file in a directory that exists, `/dev/stdout` or `/dev/stderr`. */
  readonly path: string
  /** Takes the lines in place of a file at the path. */
  readonly target?: LogTarget
  /** The line of an exchange, with its line feed. */
  readonly line: (ctx: Exchange) => string
  /** Told when the path cannot be written, and how many lines were lost. */
  readonly onError: (error: Error) => void
  /** Bytes that are held while the path takes no more; lines beyond them are dropped and counted. 16 Mi by default. */
  readonly maxHeld?: number
}

const batchSize = 64 * 1024
const batchMs = 100
const closeGraceMs = 2_000

/** Writes one line for each exchange, many at a time and in order. Never fails an exchange, and never makes one wait. */
export class AccessLog {
  readonly #file: LogTarget
  readonly #writer: LogWriter
  readonly #line: (ctx: Exchange) => string
  readonly #maxHeld: number
  readonly #lost: LossReport
  readonly #onError: (error: Error) => void
  readonly #held = new HeldLines()
  /** Bytes that are being written. */
  #inFlight = 0
  #timer: NodeJS.Timeout | undefined
  #isDraining = false
  #isClosed = false
  /** Settles when everything that was asked of the file is done. */
  #tail: Promise<void> = Promise.resolve()

  /** Throws where the path cannot be opened. */
  constructor({ path, target, line, onError, maxHeld = 16 * 1024 * 1024 }: AccessLogOptions) {
    this.#lost = new LossReport(path, onError)
    this.#file = target ?? new LogFile(path)
    this.#writer = new LogWriter(this.#file, this.#lost, onError)
    this.#line = line
    this.#onError = onError
    this.#maxHeld = maxHeld
    process.on('exit', this.#atExit)
  }

  /** Adds the line of an exchange that is over. */
  write(ctx: Exchange): void {
    try {
      this.append(this.#line(ctx))
    } catch (error) {
      this.#lost.add(1, error)
    }
  }

  /** Adds lines that were made elsewhere, each with its line feed. */
  append(lines: string): void {
    if (this.#isClosed) return this.#lost.add(count(lines), 'the log was closed')
    if (this.#held.bytes + this.#inFlight + lines.length > this.#maxHeld) return this.#lost.add(count(lines), 'more came than could be written')
    this.#held.add(lines)
    this.#schedule()
  }

  /** Writes what came so far. Resolves once it is written or lost. */
  flush(): Promise<void> {
    return this.#next(() => this.#writeHeld())
  }

  /** For SIGHUP: what came before goes to the file that is open; what comes once this has resolved, to the one at the path. Never rejects. */
  reopen(): Promise<void> {
    return this.#next(async () => {
      await this.#writeHeld()
      try {
        await this.#file.reopen()
        this.#writer.startAnew()
      } catch (cause) {
        const message = `access log ${this.#file.path} cannot be opened again; the old file is kept: ${reasonOf(cause)}`
        this.#onError(new Error(message, { cause }))
      }
    })
  }

  /** Writes what is left, in two seconds at most, and closes the file. Lines that come later are lost. */
  close(): Promise<void> {
    if (this.#isClosed) return this.#tail
    this.#isClosed = true
    this.#writer.hurry(closeGraceMs)
    return this.#next(async () => {
      await this.#writeHeld()
      await this.#file.close()
      process.off('exit', this.#atExit)
      this.#lost.tell()
    })
  }

  /** The timer keeps the process alive: lines are not to be lost because nothing else is going on. */
  #schedule(): void {
    if (this.#held.bytes >= batchSize) this.#drain()
    else this.#timer ??= setTimeout(() => this.#drain(), batchMs)
  }

  #drain(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#isDraining) return
    this.#isDraining = true
    void this.#next(async () => {
      await this.#writeHeld()
      this.#isDraining = false
      if (this.#held.bytes > 0) this.#schedule()
    })
  }

  /** One step at a time, in order; a step does not reject. */
  #next(step: () => Promise<void>): Promise<void> {
    this.#tail = this.#tail.then(step)
    return this.#tail
  }

  async #writeHeld(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#held.bytes === 0) return
    const bytes = this.#held.take()
    this.#inFlight = bytes.length
    const isWritten = await this.#writer.send(bytes)
    this.#inFlight = 0
    if (isWritten) this.#lost.tell()
  }

  /** The process ends without `close`. */
  readonly #atExit = (): void => {
    this.#writer.sendSync(this.#held.take())
    this.#lost.tell()
  }
}

function count(lines: string): number {
  return lines.split('\n').length - 1
}
