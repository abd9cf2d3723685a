import { fstatSync, realpathSync, renameSync, statSync, type BigIntStats } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConflictError } from './errors.ts'
import { identityOfFile } from './file-identity.ts'
import { PreviousFile } from './previous-file.ts'
import { SyncLater } from './sync-later.ts'
import { removeLeftovers, writeBeside, type TemporaryFile } from './temporary-file.ts'

/** The file is not what was last read or written: somebody else has changed it, and nothing was written. */
export class StaleFileError extends ConflictError {}

export interface ConfigFileOptions {
  /** Told in the very moment in which the file has come to hold a text that was written here: `FileStore.know`, for one. */
  readonly onWrite?: (text: string) => void
  /** A text that was written could not be got to the disk, or what stood before it could not be looked after. */
  readonly onError?: (error: Error) => void
  /** Milliseconds within which a text that was written is on the disk; 100 by default. */
  readonly syncWithin?: number
}

interface Target {
  readonly path: string
  readonly stats: BigIntStats
  /** It is what was written here last. */
  readonly isOwn: boolean
}

/** Times that the file may change its place or its times, and nothing else, while it is written. */
const mostTries = 5

/**
 * A configuration file that this process writes and others may write too. Written by rename: whoever reads it reads the one
 * text or the other. A symbolic link stays; what it leads to is replaced.
 */
export class ConfigFile {
  readonly file: string
  readonly #onWrite: (text: string) => void
  readonly #onError: (error: Error) => void
  readonly #sync: SyncLater
  /** What it is known to hold. */
  #bytes: Buffer
  /** State in which it was written here; undefined: it has to be read to know what it holds. */
  #identity: string | undefined
  #previous: { readonly file: PreviousFile; readonly path: string } | undefined
  #timer: NodeJS.Timeout | undefined
  /** How often a text of others was accepted: what was begun before is not to be written over it. */
  #accepted = 0
  #queue: Promise<void> = Promise.resolve()
  #dropped: Promise<unknown> = Promise.resolve()

  /** `text` is what was last read of it. */
  constructor(file: string, text: string, { onWrite, onError, syncWithin = 100 }: ConfigFileOptions = {}) {
    this.file = file
    this.#bytes = Buffer.from(text)
    this.#onWrite = onWrite ?? (() => undefined)
    this.#onError = onError ?? (() => undefined)
    this.#sync = new SyncLater(syncWithin, this.#onError)
  }

  /** Removes what a process that was killed has left beside the file; to be called before anything is written. */
  clean(): Promise<readonly string[]> {
    return removeLeftovers(this.file)
  }

  /** Says that this text, which somebody else wrote to the file, is known and may be written over. */
  accept(text: string): void {
    this.#bytes = Buffer.from(text)
    this.#identity = undefined
    this.#accepted += 1
  }

  /** Rejects with a `StaleFileError` where the file does not hold what was last read, written or accepted. */
  async check(): Promise<void> {
    for (let tries = 0; tries < mostTries; tries++) if (await this.#check()) return
    throw new StaleFileError(`${this.file} is being changed by somebody else`)
  }

  /**
   * Has the file hold `text`; one after the other. Rejects with a `StaleFileError` where it does not hold what was last
   * read, written or accepted, or where another text is accepted before it is written. Once it resolves every process sees the text; it is on the disk a little later.
   */
  write(text: string): Promise<void> {
    const accepted = this.#accepted
    const written = this.#queue.then(() => this.#write(text, accepted))
    this.#queue = written.catch(() => undefined) // told to whoever asked for it
    return written
  }

  /** Waits until all that was written is on the disk. */
  async flush(): Promise<void> {
    await this.#queue
    this.#lookBack()
    await this.#dropped
    await this.#sync.flush()
  }

  async #write(text: string, accepted: number): Promise<void> {
    const dropped = this.#dropped
    this.#lookBack()
    await dropped
    const bytes = Buffer.from(text)
    for (let tries = 0; tries < mostTries; tries++) {
      const target = await this.#check()
      const temporary = target && (await this.#writeBeside(target, bytes))
      if (accepted !== this.#accepted) {
        await temporary?.discard()
        throw new StaleFileError(`${this.file} was changed by somebody else since it was read`)
      }
      if (temporary && (await this.#replace(target, temporary, bytes, text))) return
    }
    throw new StaleFileError(`${this.file} is being changed by somebody else`)
  }

  /** The file, as long as it holds what is known; undefined where it changed just now. */
  async #check(): Promise<Target | undefined> {
    try {
      const path = realpathSync.native(this.file)
      const stats = statSync(path, { bigint: true })
      const identity = identityOfFile(stats)
      if (identity === this.#identity) return { path, stats, isOwn: true }
      const bytes = await readFile(path)
      if (!bytes.equals(this.#bytes)) throw this.#differs(bytes)
      return identityOfFile(statSync(path, { bigint: true })) === identity ? { path, stats, isOwn: false } : undefined
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      throw new StaleFileError(`${this.file} is gone`, { cause: error })
    }
  }

  #differs(bytes: Buffer): Error {
    if (bytes.toString('utf8') !== this.#bytes.toString('utf8')) {
      return new StaleFileError(`${this.file} was changed by somebody else since it was read`)
    }
    return new Error(`${this.file} is not UTF-8 throughout: it cannot be written back as it is`)
  }

  async #writeBeside({ path, stats }: Target, bytes: Buffer): Promise<TemporaryFile> {
    try {
      return await writeBeside(path, bytes, stats)
    } catch (error) {
      throw this.#explained(error, path)
    }
  }

  /** False where the file has changed meanwhile. */
  async #replace(target: Target, temporary: TemporaryFile, bytes: Buffer, text: string): Promise<boolean> {
    let isReplaced = false
    try {
      isReplaced = this.#rename(target, temporary, bytes, text)
    } finally {
      if (!isReplaced) await temporary.discard()
    }
    return isReplaced
  }

  /** The last look and the change itself, without a pause. */
  #rename({ path, stats, isOwn }: Target, { path: from, handle }: TemporaryFile, bytes: Buffer, text: string): boolean {
    if (realpathSync.native(this.file) !== path) return false
    if (identityOfFile(statSync(path, { bigint: true })) !== identityOfFile(stats)) return false
    const previous = new PreviousFile(path, this.#bytes, isOwn)
    try {
      renameSync(from, path)
    } catch (error) {
      this.#drop(previous)
      throw this.#explained(error, path)
    }
    if (previous.hasChanged) {
      previous.restore()
      throw new StaleFileError(`${this.file} was changed by somebody else while it was written`)
    }
    this.#bytes = bytes
    this.#identity = identityOfFile(fstatSync(handle.fd, { bigint: true }))
    this.#previous = { file: previous, path }
    this.#sync.add(path, handle)
    this.#onWrite(text)
    this.#timer ??= setTimeout(() => this.#lookBackInTime(), lookBackAfter).unref()
    return true
  }

  /** Whoever writes in place may still have been at it: then that is the file, and later than what was written here. */
  #lookBack(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const previous = this.#previous
    this.#previous = undefined
    if (!previous) return
    if (previous.file.hasChanged && this.#isOurs(previous.path)) {
      previous.file.restore()
      this.#identity = undefined
    } else this.#drop(previous.file)
  }

  #drop(previous: PreviousFile): void {
    const dropped = previous.drop().catch(this.#onError)
    this.#dropped = Promise.all([this.#dropped, dropped])
  }

  #lookBackInTime(): void {
    try {
      this.#lookBack()
    } catch (error) {
      this.#onError(error as Error)
    }
  }

  #isOurs(path: string): boolean {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
    return stats !== undefined && identityOfFile(stats) === this.#identity
  }

  #explained(error: unknown, path: string): Error {
    const { code = '' } = error as NodeJS.ErrnoException
    const why = reasons.get(code)
    if (why === undefined) return error as Error
    return new Error(`${this.file} cannot be written (${code}): ${why.replace('%s', dirname(path))}`, { cause: error })
  }
}

/** Milliseconds for which the file that was replaced is kept, for an editor that is still writing to it. */
const lookBackAfter = 100

const reasons: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'files cannot be created in %s, which takes the right to write to that directory'],
  ['EPERM', 'files cannot be created or replaced in %s, which takes the right to write to that directory'],
  ['EROFS', '%s is on a file system that is mounted read-only'],
  ['EBUSY', 'it is a mount of its own, which cannot be replaced; mount the directory %s instead'],
  ['ENOSPC', 'there is no space left in %s'],
  ['EDQUOT', 'there is no space left in %s for this user'],
])
