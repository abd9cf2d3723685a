import { readdirSync, readFileSync } from 'node:fs'

/**
 * Bytes of memory of their own that a process and all its descendants hold: what is read from files, such as the program's
 * code, is left out, for its share changes with how many processes run it. Reads /proc: Linux only.
 */
export function memoryOf(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
  const kib = /^Pss_Anon: +(\d+) kB$/m.exec(rollup)?.[1]
  if (kib === undefined) throw new Error(`/proc/${pid}/smaps_rollup has no Pss_Anon`)
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) => childrenOf(pid, thread))
  return children.reduce((sum, child) => sum + memoryOf(child), Number(kib) * 1024)
}

function childrenOf(pid: number, thread: string): number[] {
  return readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number)
}
