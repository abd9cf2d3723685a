import { readdirSync, readFileSync } from 'node:fs'

/** Shares of all CPU time of the machine, 0 to 1. */
export interface Elsewhere {
  /** Processes that have nothing to do with the benchmark had this much; at most, where a kernel counts interrupts apart. */
  readonly others: number
  /** The host of this virtual machine gave this much to others. */
  readonly stolen: number
}

interface Ticks {
  readonly all: number
  readonly busy: number
  readonly stolen: number
  readonly own: number
}

/** Watches what else the machine does from now on; call the result for what it was. `roots`: the benchmark's processes, with their descendants. Reads /proc: Linux only. */
export function watchMachine(roots: readonly number[]): () => Elsewhere {
  const before = look(roots)
  return () => {
    const after = look(roots)
    const since = (name: keyof Ticks): number => after[name] - before[name]
    const share = (ticks: number): number => Math.max(0, ticks) / since('all')
    return { others: share(since('busy') - since('own')), stolen: share(since('stolen')) }
  }
}

function look(roots: readonly number[]): Ticks {
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, interrupts = 0, soft = 0, stolen = 0] =
    readFileSync('/proc/stat', 'latin1').split('\n', 1).join('').split(/ +/).slice(1).map(Number)
  const busy = user + nice + system + interrupts + soft
  return { all: busy + idle + waiting + stolen, busy, stolen, own: roots.reduce((sum, pid) => sum + ticksOf(pid), 0) }
}

/** Of a process, its descendants, and those of them that have ended. */
function ticksOf(pid: number): number {
  let ticks: number
  let children: string[]
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? []
    ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
    const threads = readdirSync(`/proc/${pid}/task`)
    children = threads.flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' '))
  } catch {
    // It ended between two reads; its parent has its time.
    return 0
  }
  return children.reduce((sum, child) => sum + (child === '' ? 0 : ticksOf(Number(child))), ticks)
}
