import { open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Has files reach the disk within a time, several at once: of those that replace each other only the last is worth it. A
 * process that is killed loses nothing by that; a machine that loses power, what was written last.
 */
export class SyncLater {
  readonly #within: number
  readonly #onError: (error: Error) => void
  #latest: { readonly path: string; readonly handle: FileHandle } | undefined
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()

  /** `within`: milliseconds. */
  constructor(within: number, onError: (error: Error) => void) {
    this.#within = within
    this.#onError = onError
  }

  /** Takes over an open file that now stands at `path`, and closes it once it is on the disk. */
  add(path: string, handle: FileHandle): void {
    if (this.#latest) void this.#latest.handle.close()
    this.#latest = { path, handle }
    this.#timer ??= setTimeout(() => this.flush().catch(this.#onError), this.#within).unref()
  }

  /** Waits until all is on the disk; rejects where it cannot be got there. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const latest = this.#latest
    this.#latest = undefined
    const before = this.#running
    const flushed = (async () => {
      await before.catch(() => undefined) // told to whoever asked for it
      if (latest) await sync(latest.path, latest.handle)
    })()
    this.#running = flushed
    return flushed
  }
}

async function sync(path: string, handle: FileHandle): Promise<void> {
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
  const directory = await open(dirname(path), 'r')
  try {
    await directory.sync()
  } catch (error) {
    // Not every file system has that for directories.
    if (!['EINVAL', 'EPERM', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    await directory.close()
  }
}
