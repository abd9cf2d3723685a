import { readFileSync } from 'node:fs'

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  /** Microseconds on the clock of `process.hrtime`. */
  readonly startTime: number
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** Where time went, microseconds by the profiler's clock. */
export interface Times {
  readonly byFunction: ReadonlyMap<string, number>
  readonly byPart: ReadonlyMap<string, number>
}

/** A stretch of time on the clock of `process.hrtime`, microseconds. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/** The self times of a `.cpuprofile` within some stretches of time; idle time left out. */
export function selfTimes(path: string, stretches: readonly Stretch[]): Times {
  const { nodes, startTime, samples, timeDeltas } = JSON.parse(readFileSync(path, 'utf8')) as CpuProfile
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const byFunction = new Map<string, number>()
  const byPart = new Map<string, number>()
  let at = startTime
  for (const [n, id] of samples.entries()) {
    at += timeDeltas[n] ?? 0
    const frame = frames.get(id)
    // A sample lasts until the next one.
    const lasts = timeDeltas[n + 1] ?? 0
    if (!frame || frame.functionName === '(idle)') continue
    if (!stretches.some(({ from, to }) => at >= from && at <= to)) continue
    add(byFunction, nameOf(frame), lasts)
    add(byPart, partOf(frame), lasts)
  }
  return { byFunction, byPart }
}

function add(times: Map<string, number>, key: string, micros: number): void {
  times.set(key, (times.get(key) ?? 0) + micros)
}

function nameOf({ functionName, url, lineNumber }: ProfileNode['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  return url === '' ? name : `${name}  ${shortUrl(url)}:${lineNumber + 1}`
}

function shortUrl(url: string): string {
  return url.replace(/^file:\/\//, '').replace(/^.*\/node_modules\//, '').replace(/^.*\/(packages|test)\//, '$1/')
}

/** The package, or what else it belongs to. */
function partOf({ functionName, url }: ProfileNode['callFrame']): string {
  if (url === '') return functionName.startsWith('(') ? functionName : 'native'
  if (url.startsWith('node:')) return 'node'
  const short = shortUrl(url)
  return /^(?:packages\/|test\/)?((?:@[^/]+\/)?[^/]+)/.exec(short)?.[1] ?? short
}

/**
 * The largest entries as lines: share, microseconds out of `total`, name. The profiler's clock runs on while a process waits for
 * its turn on a busy machine, so its shares count, not its times.
 */
export function topLines(times: ReadonlyMap<string, number>, total: number, count: number): string {
  const all = [...times.values()].reduce((sum, micros) => sum + micros, 0)
  return [...times]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name, micros]) => `${percent(micros / all)}  ${((micros / all) * total).toFixed(2).padStart(8)}  ${name}`)
    .join('\n')
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1).padStart(5)} %`
}
