import { close, closeSync, fstatSync, linkSync, openSync, readSync, renameSync, writeFileSync, type BigIntStats } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { promisify } from 'node:util'
import { isRecent } from './file-identity.ts'
import { nameBeside } from './temporary-file.ts'

/**
 * A file that is about to be replaced, held on to for a moment: an editor that writes in place, and has it open, writes to
 * this one and not to the one that replaces it. All of it without a pause, so that as little as can be comes between.
 */
export class PreviousFile {
  readonly #path: string
  readonly #bytes: Buffer
  readonly #descriptor: number
  /** Another name of it, by which it can be put back; not every file system has such names. */
  #link: string | undefined
  readonly #before: BigIntStats
  readonly #isOwn: boolean

  /** `bytes` is what it holds; `isOwn`: it was written by `writeBeside`, and any change shows in its time. */
  constructor(path: string, bytes: Buffer, isOwn: boolean) {
    this.#path = path
    this.#bytes = bytes
    this.#isOwn = isOwn
    this.#descriptor = openSync(path, 'r')
    this.#before = fstatSync(this.#descriptor, { bigint: true })
    const link = nameBeside(path, 'old')
    try {
      linkSync(path, link)
      this.#link = link
    } catch {
      // The descriptor has to do.
    }
  }

  /** Whether somebody has written to it since. */
  get hasChanged(): boolean {
    const now = fstatSync(this.#descriptor, { bigint: true })
    if (now.size !== this.#before.size || now.mtimeNs !== this.#before.mtimeNs) return true
    return !this.#isOwn && isRecent(now) && !this.#read(Number(now.size)).equals(this.#bytes)
  }

  /** Puts it back in its place, with what was written to it. */
  restore(): void {
    if (this.#link === undefined) {
      const copy = nameBeside(this.#path, 'new')
      writeFileSync(copy, this.#read(Number(fstatSync(this.#descriptor).size)), { mode: Number(this.#before.mode & 0o7777n) })
      renameSync(copy, this.#path)
    } else {
      renameSync(this.#link, this.#path)
      this.#link = undefined
    }
    closeSync(this.#descriptor)
  }

  /** Lets go of it; to take a large file off the disk takes its time. */
  async drop(): Promise<void> {
    try {
      if (this.#link !== undefined) await unlink(this.#link)
    } finally {
      await promisify(close)(this.#descriptor)
    }
  }

  #read(size: number): Buffer {
    const bytes = Buffer.alloc(size)
    let length = 0
    for (let read = -1; read !== 0 && length < size; length += read) read = readSync(this.#descriptor, bytes, length, size - length, length)
    return bytes.subarray(0, length)
  }
}
