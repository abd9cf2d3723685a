import { readFileSync } from 'node:fs'

/** Files that a process has open beside its streams, with room to spare. */
const others = 200

/** Throws where a process may not have `streams` open, with a connection to either side. Node raises the soft limit by itself. */
export function checkOpenFiles(streams: number): void {
  const limit = Number(/^Max open files +\d+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? Infinity)
  const needed = 2 * streams + others
  if (limit < needed) throw new Error(`${streams} streams need ${needed} open files, and the limit is ${limit}: raise it with ulimit -Hn`)
}
