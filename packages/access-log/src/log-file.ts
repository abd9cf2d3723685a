import { close, closeSync, constants, fstatSync, openSync, readSync, write, writeSync } from 'node:fs'
import type { LogTarget } from './log-target.ts'

const standard: Readonly<Record<string, number>> = { '/dev/stdout': 1, '/dev/stderr': 2 }

/** Something that bytes are appended to: a file, a pipe, or what the process was given as standard output. */
export class LogFile implements LogTarget {
  readonly path: string
  #fd: number

  /** Throws where the path cannot be opened; its directory must exist. */
  constructor(path: string) {
    this.path = path
    this.#fd = openLog(path)
  }

  /** Whether it ends in the middle of a line: a process that was killed has not come to the end of it. */
  endsTorn(): boolean {
    try {
      const stat = fstatSync(this.#fd)
      return stat.isFile() && stat.size > 0 && lastByteOf(this.path, stat.size) !== 0x0a
    } catch {
      return false // a file that may be written, but not read
    }
  }

  /** One write: resolves to the number of bytes that it took, rejects with the system's error. */
  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      write(this.#fd, bytes, 0, bytes.byteLength, null, (error, written) => (error ? reject(error) : resolve(written)))
    })
  }

  writeSync(bytes: Uint8Array): number {
    return writeSync(this.#fd, bytes)
  }

  /** Opens the path again, for whoever has moved the file away. Throws, and goes on with the old one, where it cannot be opened. */
  reopen(): Promise<void> {
    const before = this.#fd
    if (isStandard(before)) return Promise.resolve()
    this.#fd = openLog(this.path)
    return closed(before)
  }

  close(): Promise<void> {
    return isStandard(this.#fd) ? Promise.resolve() : closed(this.#fd)
  }
}

function openLog(path: string): number {
  const fd = standard[path]
  if (fd === undefined) return openForAppend(path)
  try {
    // A pipe that nobody reads would block a thread, and with it the end of the process. Our own way into the same pipe may
    // be non-blocking without changing that of those who share it.
    return fstatSync(fd).isFIFO() ? openForAppend(path) : fd
  } catch {
    return fd // no way in, as for another user's pipe
  }
}

function openForAppend(path: string): number {
  const { O_APPEND, O_CREAT, O_NONBLOCK = 0, O_WRONLY } = constants
  return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o640)
}

function lastByteOf(path: string, size: number): number | undefined {
  const fd = openSync(path, constants.O_RDONLY)
  try {
    const byte = Buffer.alloc(1)
    readSync(fd, byte, 0, 1, size - 1)
    return byte[0]
  } finally {
    closeSync(fd)
  }
}

function isStandard(fd: number): boolean {
  return fd === 1 || fd === 2
}

/** Also for one that cannot be closed properly: it is gone in any case. */
function closed(fd: number): Promise<void> {
  return new Promise((resolve) => {
    close(fd, () => resolve())
  })
}
