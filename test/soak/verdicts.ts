import { toTable } from '../bench/table.ts'
import { unexplained } from './explain.ts'
import type { Sample } from './memory.ts'
import type { Options } from './options.ts'
import type { Output } from './output.ts'
import type { Reloader } from './reloader.ts'
import type { Seen } from './seen.ts'
import { settle } from './settlement.ts'

export interface Verdict {
  readonly what: string
  readonly figures: string
  /** None: it is as it must be. */
  readonly problems: readonly string[]
}

export interface Evidence {
  readonly options: Options
  readonly seen: readonly Seen[]
  readonly accessLog: string
  readonly output: Output
  /** By look, of each process. */
  readonly samples: readonly (readonly Sample[])[]
  readonly reloader: Reloader
}

/** Seconds below which a heap has not come to rest after its warm-up. */
const leastSeconds = 120
/** What may be more at the end: a part, and some bytes. */
const heapMay = { share: 0.1, bytes: 2 * 1024 * 1024 }
const residentMay = { share: 0.25, bytes: 16 * 1024 * 1024 }
const mostShown = 20

/** What must hold at the end of a run. */
export function judge({ options, seen, accessLog, output, samples, reloader }: Evidence): Verdict[] {
  const settlement = settle(accessLog, seen)
  const strangers = unexplained(output.telling, settlement.byId)
  const applied = output.count('the configuration has changed')
  const refusals = output.count('the changed configuration is refused')
  const running = output.telling.filter(({ msg }) => msg.startsWith('stopping')).map(({ members }) => Number(members['running']))
  const isLong = options.seconds >= leastSeconds
  return [
    { what: 'each exchange settled once, as its client saw it', figures: `${settlement.lines} lines for ${seen.length} requests`, problems: settlement.problems },
    { what: 'nothing runs at the end', figures: `${running.join(', ')} running`, problems: running.every((count) => count === 0) && running.length > 0 ? [] : [`${running.join(', ')} exchanges are not settled`] },
    { what: 'no unexplained line', figures: `${output.all.lines} lines, ${output.telling.length} of warnings and errors`, problems: strangers.map(({ text }) => text) },
    { what: 'each change applied or refused', figures: `${reloader.applied} applied, ${refusals} refused`, problems: applied === reloader.applied && refusals >= reloader.refused && refusals <= reloader.refused + reloader.halved ? [] : [`the gateway has applied ${applied} and refused ${refusals}`] },
    memoryVerdict('flat heap', 'heap', heapMay, samples, isLong),
    memoryVerdict('flat resident memory', 'resident', residentMay, samples, isLong),
  ]
}

function memoryVerdict(what: string, member: 'heap' | 'resident', may: typeof heapMay, samples: Evidence['samples'], isJudged: boolean): Verdict {
  const sums = samples.map((processes) => processes.reduce((sum, one) => sum + one[member], 0))
  const [first = 0, last = 0] = [sums[0], sums.at(-1)]
  const grew = last > first * (1 + may.share) + may.bytes
  const figures = `${sums.map(toMiB).join(' → ')} MiB`
  return { what, figures: isJudged ? figures : `${figures}, too short to judge`, problems: isJudged && grew ? [`from ${toMiB(first)} to ${toMiB(last)} MiB`] : [] }
}

function toMiB(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1)
}

/** The table, and below it what is wrong. */
export function report(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ what, figures, problems }) => [what, problems.length === 0 ? 'yes' : `NO, ${problems.length}`, figures])
  const wrong = verdicts.flatMap(({ what, problems }) => [
    ...problems.slice(0, mostShown).map((problem) => `WRONG: ${what}: ${problem}`),
    ...(problems.length > mostShown ? [`… and ${problems.length - mostShown} more`] : []),
  ])
  return ['', toTable([['what must hold', 'holds', 'figures'], ...rows]), ...wrong].join('\n')
}
