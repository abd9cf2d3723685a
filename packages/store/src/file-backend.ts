import type { Backend } from './backend.ts'
import { ChangeJournal } from './change-journal.ts'
import { ConfigFile, StaleFileError, type ConfigFileOptions } from './config-file.ts'
import { ConfigText, type TextChange } from './config-text.ts'
import type { Change } from './draft.ts'
import type { GroupState } from './group-state.ts'
import { defaultGroup, type Group } from './group.ts'
import { GroupsFile, type HeldGroup } from './groups-file.ts'

export interface FileBackendOptions extends ConfigFileOptions {
  readonly isReadonly?: boolean
}

/** Characters of a file that is written in less time than a change takes by itself. */
const small = 128 * 1024
/** Milliseconds after a write for which the next one belongs to the same burst. */
const burstMs = 100
/** Milliseconds for which the changes of a burst gather before they are written to the file. */
const gatherMs = 50
/** Milliseconds after which a write that failed is tried again. */
const retryMs = 1_000

/**
 * In the configuration file: what the group `default` holds is written back to it, other groups stand beside it. While
 * changes come faster than a large file can be written, they are kept in a journal beside it and written together.
 */
export class FileBackend implements Backend {
  readonly isReadonly: boolean
  readonly isLasting = true
  readonly #file: ConfigFile
  readonly #groups: GroupsFile
  readonly #journal: ChangeJournal
  readonly #onError: (error: Error) => void
  /** What the file holds; read into its parts when something is to be written. */
  #text: string
  #parts: ConfigText | undefined
  /** In the journal and not in the file. */
  #unwritten: TextChange[] = []
  #timer: NodeJS.Timeout | undefined
  /** On `performance.now()`: when the file was written last. */
  #writtenAt = -Infinity
  #queue: Promise<unknown> = Promise.resolve()

  /** `text` is what was last read of the file. Rejects where what stands beside it cannot be read. */
  static async open(file: string, text: string, { isReadonly = false, ...options }: FileBackendOptions = {}): Promise<FileBackend> {
    const backend = new FileBackend(file, await GroupsFile.open(file, Date.now()), text, isReadonly, options)
    if (!isReadonly) await backend.#file.clean()
    return backend
  }

  private constructor(file: string, groups: GroupsFile, text: string, isReadonly: boolean, options: ConfigFileOptions) {
    this.#file = new ConfigFile(file, text, { ...options, onWrite: (written) => this.#wrote(written, options) })
    this.#groups = groups
    this.#journal = new ChangeJournal(file)
    this.#onError = options.onError ?? (() => undefined)
    this.#text = text
    this.isReadonly = isReadonly
  }

  /** What other groups hold. */
  get groups(): ReadonlyMap<string, HeldGroup> {
    return this.#groups.held
  }

  /** Changes that were accepted and that the file does not hold yet. */
  get unwritten(): readonly TextChange[] {
    return this.#unwritten
  }

  /**
   * The file holds another text, which somebody else wrote, and which serves now, together with what is unwritten. That
   * is written to it, or forgotten where it does not go with the text.
   */
  accept(text: string, { forget = false } = {}): void {
    this.#text = text
    this.#parts = undefined
    this.#file.accept(text)
    if (forget) this.#forget()
    else if (this.#unwritten.length > 0) this.#writeIn(gatherMs)
  }

  async keep(group: string, next: GroupState, changes: readonly Change[]): Promise<void> {
    if (group !== defaultGroup) return this.#groups.keep(group, next)
    const wanted = changes.map(toTextChange)
    await this.#inTurn(() => (this.#isInBurst ? this.#note(wanted) : this.#write([...this.#unwritten, ...wanted])))
  }

  async keepGroups(groups: readonly Group[]): Promise<void> {
    await this.#groups.keepGroups(groups)
  }

  /** Waits until all that was accepted is on the disk. */
  async flush(): Promise<void> {
    if (this.#unwritten.length > 0) await this.#writeLate()
    await this.#file.flush()
  }

  get #isInBurst(): boolean {
    return this.#text.length > small && this.#parts !== undefined && performance.now() - this.#writtenAt < burstMs
  }

  /** Keeps changes for now; the file is to be what it is known to be all the same. */
  async #note(changes: readonly TextChange[]): Promise<void> {
    await this.#file.check()
    this.#journal.append(changes)
    this.#unwritten.push(...changes)
    this.#writeIn(gatherMs)
  }

  async #write(changes: readonly TextChange[]): Promise<void> {
    const text = this.#text
    const parts = this.#parts ?? (await ConfigText.parseAside(text, this.#file.file))
    const changed = await parts.applyAside(changes)
    if (this.#text !== text) throw new StaleFileError(`${this.#file.file} was changed by somebody else meanwhile`)
    await this.#file.write(changed.text)
    this.#text = changed.text
    this.#parts = changed
    this.#writtenAt = performance.now()
  }

  /** The file holds a text with all that was accepted, from this very moment. */
  #wrote(text: string, { onWrite }: ConfigFileOptions): void {
    this.#forget()
    onWrite?.(text)
  }

  #forget(): void {
    this.#unwritten = []
    try {
      this.#journal.clear()
    } catch (error) {
      this.#onError(error as Error) // at the next start it is found to be in the file already
    }
  }

  #writeIn(ms: number): void {
    this.#timer ??= setTimeout(() => void this.#writeLate(), ms).unref()
  }

  async #writeLate(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    try {
      await this.#inTurn(() => this.#write(this.#unwritten))
    } catch (error) {
      // Whoever watches the file will have its new text accepted, and these changes with it.
      if (error instanceof StaleFileError) return
      this.#onError(error as Error)
      this.#writeIn(retryMs)
    }
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(step)
    this.#queue = done.catch(() => undefined) // told to whoever asked for it
    return done
  }
}

function toTextChange({ kind, id, after }: Change): TextChange {
  return { kind, id, value: after?.value }
}
