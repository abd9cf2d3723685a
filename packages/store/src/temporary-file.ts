import { randomBytes } from 'node:crypto'
import { fchmodSync, fstatSync, futimesSync, writeSync, type BigIntStats } from 'node:fs'
import { open, readdir, realpath, rm, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** The next text of a file, whole, beside it; it takes its place by being renamed. */
export interface TemporaryFile {
  readonly path: string
  readonly handle: FileHandle
  /** Takes it away again. */
  discard(): Promise<void>
}

type Purpose = 'new' | 'old'

/** A name beside a file that nobody else gives, and that says which process made it. */
export function nameBeside(file: string, purpose: Purpose): string {
  return join(dirname(file), `.${basename(file)}.${process.pid}-${randomBytes(6).toString('hex')}.sluice-${purpose}`)
}

/**
 * Writes `bytes` beside `file`, with its mode and, as far as this process may, its owner. Its time of modification has a
 * fraction that no clock of a file system gives: whoever writes to it changes that, however soon.
 */
export async function writeBeside(file: string, bytes: Buffer, { mode, uid, gid }: BigIntStats): Promise<TemporaryFile> {
  const path = nameBeside(file, 'new')
  const handle = await open(path, 'wx', 0o600)
  const discard = async (): Promise<void> => {
    await handle.close()
    await rm(path, { force: true })
  }
  try {
    if (bytes.length > mostAtOnce) await handle.writeFile(bytes)
    else writeAll(handle.fd, bytes)
    const own = fstatSync(handle.fd, { bigint: true })
    // A change of owner takes some bits of the mode away, so it comes first.
    if (own.uid !== uid || own.gid !== gid) await handle.chown(Number(uid), Number(gid)).catch(() => undefined) // only root may
    fchmodSync(handle.fd, Number(mode & 0o7777n))
    const now = Date.now() / 1_000
    futimesSync(handle.fd, now, now + Math.random() / 1_000)
  } catch (error) {
    await discard()
    throw error
  }
  return { path, handle, discard }
}

/** Bytes that are written in less than it takes to have another thread do it. */
const mostAtOnce = 4 * 1024 * 1024

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
}

/** Removes what a process that is no more has left beside a file; gives the names. */
export async function removeLeftovers(file: string): Promise<readonly string[]> {
  const target = await realpath(file)
  const prefix = `.${basename(target)}.`
  const left = (await readdir(dirname(target))).filter((name) => {
    const [, pid] = (name.startsWith(prefix) && /^(\d+)-[0-9a-f]{12}\.sluice-(?:new|old)$/.exec(name.slice(prefix.length))) || []
    return pid !== undefined && !isAnother(Number(pid))
  })
  await Promise.all(left.map((name) => rm(join(dirname(target), name), { force: true })))
  return left
}

/** Whether a process runs that is not this one: this one has only begun, though one before it may have had its number. */
function isAnother(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
