/** Long enough that one warning covers a burst. */
const tellAfterMs = 5_000

/** Counts lines that were lost and says so: once things are well again, and every few seconds as long as they are not. */
export class LossReport {
  readonly #path: string
  readonly #onError: (error: Error) => void
  #lines = 0
  #cause: unknown
  #timer: NodeJS.Timeout | undefined

  constructor(path: string, onError: (error: Error) => void) {
    this.#path = path
    this.#onError = onError
  }

  /** `cause` of the first line counts for all that one warning covers. */
  add(lines: number, cause: unknown): void {
    this.#lines += lines
    this.#cause ??= cause
    this.#timer ??= setTimeout(() => this.tell(), tellAfterMs).unref()
  }

  /** Says what has not been said yet. */
  tell(): void {
    if (this.#lines === 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    const lines = this.#lines === 1 ? '1 line was' : `${this.#lines} lines were`
    const cause = this.#cause
    this.#lines = 0
    this.#cause = undefined
    this.#onError(new Error(`access log ${this.#path}: ${lines} lost: ${reasonOf(cause)}`, { cause }))
  }
}

/** The text of anything thrown. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
