import { readdirSync, readFileSync } from 'node:fs'

/**
 * CPU time in microseconds that a process, its threads and all its descendants have used, kernel time included. In
 * nanosecond steps where the kernel has schedstat, else in ticks of 10 ms. Reads /proc: Linux only.
 */
export function cpuTime(pid: number): number {
  let micros = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${thread}`
    micros += threadTime(folder)
    for (const child of read(`${folder}/children`).split(' ')) if (child !== '') micros += timeOrGone(Number(child))
  }
  return micros
}

/** The same of the first thread alone, which is where JavaScript runs. */
export function mainThreadTime(pid: number): number {
  return threadTime(`/proc/${pid}/task/${pid}`)
}

/** CPU time of a process and its threads so far in ticks, in programs and in the kernel for them. */
export function splitTime(pid: number): { readonly user: number; readonly kernel: number } {
  const fields = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? []
  return { user: Number(fields[11] ?? 0), kernel: Number(fields[12] ?? 0) }
}

function timeOrGone(pid: number): number {
  try {
    return cpuTime(pid)
  } catch {
    // It ended between two reads.
    return 0
  }
}

function threadTime(folder: string): number {
  const nanos = read(`${folder}/schedstat`).split(' ')[0]
  if (nanos) return Number(nanos) / 1000
  const fields = read(`${folder}/stat`).split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10_000
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // A thread that ended, or a file that this kernel does not have.
    return ''
  }
}
