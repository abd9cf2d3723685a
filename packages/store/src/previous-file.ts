import { closeSync, fstatSync, linkSync, openSync, readSync, renameSync, rmSync, writeFileSync, type BigIntStats } from 'node:fs'
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

  /** `bytes` is what it holds. */
  constructor(path: string, bytes: Buffer) {
    this.#path = path
    this.#bytes = bytes
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
    return isRecent({ ...now, ctimeNs: 0n } as BigIntStats) && !this.#read(Number(now.size)).equals(this.#bytes)
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
    this.drop()
  }

  /** Lets go of it. */
  drop(): void {
    closeSync(this.#descriptor)
    if (this.#link !== undefined) rmSync(this.#link, { force: true })
  }

  #read(size: number): Buffer {
    const bytes = Buffer.alloc(size)
    let length = 0
    for (let read = -1; read !== 0 && length < size; length += read) read = readSync(this.#descriptor, bytes, length, size - length, length)
    return bytes.subarray(0, length)
  }
}
