import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'

export interface FileStoreOptions {
  /** Milliseconds between two looks at the file; 200 by default. A change is told of after two to three of them. */
  readonly interval?: number
}

/** Larger than any configuration; what is larger is a mistake, such as a log. */
const largest = 256 * 1024 * 1024

/**
 * Configuration in one file. It is looked at in short intervals rather than subscribed to: that also sees files that are
 * replaced by rename, swapped as symbolic links, or mounted from elsewhere.
 */
export class FileStore {
  readonly file: string
  readonly #interval: number
  /** Of the text that is known, unless that is kept itself for now. */
  #digest: string
  #text: string | undefined
  /** State of the file whose text was last read. */
  #seen: string | undefined
  /** The latest state and how often it was seen; a file that is being written has another one at the next look. */
  #latest = { id: '', looks: 0 }
  #hasFailed = false
  #timer: NodeJS.Timeout | undefined
  #isClosed = false
  /** Counts what was made known; a look under way is not to tell what it read before. */
  #known = 0

  /** `text` is what is known of the file already, and is not told of. */
  constructor(file: string, text: string, { interval = 200 }: FileStoreOptions = {}) {
    this.file = file
    this.#digest = digestOf(text)
    this.#interval = interval
  }

  /**
   * Calls `onChange` whenever the file has come to hold another text, until `close`; `onError` when it can no longer be
   * read, once until it can again. While `onChange` is at work it does not look: of several changes that come meanwhile
   * the last one counts. Does not keep the process alive.
   */
  watch(onChange: (text: string) => unknown, onError?: (error: Error) => void): void {
    if (this.#timer || this.#isClosed) return
    this.#timer = setTimeout(() => void this.#look(onChange, onError), this.#interval).unref()
  }

  /** Says what the file has come to hold this very moment, by this process's own doing: that is not told of. */
  know(text: string): void {
    // Several may come before the next look; a digest of each would take longer than it takes to write it.
    this.#text = text
    this.#known += 1
  }

  /** Stops watching; nothing is told after it. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  async #look(onChange: (text: string) => unknown, onError?: (error: Error) => void): Promise<void> {
    let text: string | undefined
    let failure: Error | undefined
    try {
      text = await this.#changed()
      this.#hasFailed = false
    } catch (error) {
      failure = this.#hasFailed ? undefined : (error as Error)
      this.#hasFailed = true
    }
    if (this.#isClosed) return
    if (failure) onError?.(failure)
    if (text !== undefined) await onChange(text)
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#look(onChange, onError), this.#interval).unref()
  }

  /** The text, where the file has changed and come to rest. */
  async #changed(): Promise<string | undefined> {
    const known = this.#known
    const { id, isEmpty } = await this.#state()
    this.#latest = { id, looks: id === this.#latest.id ? this.#latest.looks + 1 : 1 }
    // Whoever writes in place begins by emptying the file.
    if (id === this.#seen || this.#latest.looks < (isEmpty ? 6 : 2)) return undefined
    const text = await readFile(this.file, 'utf8')
    // Changed while it was read: the next looks will tell.
    if ((await this.#state()).id !== id || known !== this.#known) return undefined
    this.#seen = id
    const digest = digestOf(text)
    const isKnown = this.#text === undefined ? digest === this.#digest : text === this.#text
    this.#digest = digest
    this.#text = undefined
    return isKnown ? undefined : text
  }

  /** Its `id` differs whenever the file may have changed. Follows symbolic links. */
  async #state(): Promise<{ id: string; isEmpty: boolean }> {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(this.file, { bigint: true })
    if (size > largest) throw new Error(`${this.file} is larger than ${largest} bytes`)
    return { id: [dev, ino, size, mtimeNs, ctimeNs].join(' '), isEmpty: size === 0n }
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}
