import { readFileSync } from 'node:fs'
import { sound } from './faults.ts'
import type { Seen } from './seen.ts'

/** A line of the access log. */
interface Line {
  readonly soak: string | null
  readonly id: string
  readonly status: string | number
  readonly outcome: string
}

export interface Settlement {
  readonly lines: number
  /** Exchanges whose line is missing, is there twice, or says something else than the client saw. */
  readonly problems: readonly string[]
  /** What each exchange was, by its id. */
  readonly byId: ReadonlyMap<string, Seen>
}

/** Compares what clients saw with the access log: one line for each request, and each with the outcome that fits. */
export function settle(file: string, seen: readonly Seen[]): Settlement {
  const problems: string[] = []
  const byName = new Map<string, Line[]>()
  let nameless = 0
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  for (const text of lines) {
    const line = JSON.parse(text) as Line
    if (line.soak) byName.set(line.soak, [...(byName.get(line.soak) ?? []), line])
    else nameless += 1
  }
  const expectedNameless = seen.filter(({ name }) => name === undefined).length
  if (nameless !== expectedNameless) problems.push(`${nameless} lines without a name for ${expectedNameless} requests without one`)

  const byId = new Map<string, Seen>()
  for (const one of seen) {
    if (one.name === undefined) {
      if (!isExpected(one)) problems.push(`${one.what}: ${shown(one)}`)
      continue
    }
    const own = byName.get(one.name) ?? []
    byName.delete(one.name)
    for (const { id } of own) byId.set(id, one)
    const problem = own.length === 1 ? problemOf(one, own[0] as Line) : `${own.length} lines`
    if (problem !== undefined) problems.push(`${one.name}, ${one.what}: ${problem}`)
  }
  for (const [name, own] of byName) problems.push(`${name}: ${own.length} lines for a request that nobody sent`)
  return { lines: lines.length, problems, byId }
}

function problemOf(seen: Seen, { status, outcome }: Line): string | undefined {
  const logged = `${status} ${outcome} in the log`
  if (outcome === 'gateway_error') return `${logged}, ${shown(seen)}`
  if (seen.end === 'left') return mayLeave(seen, outcome) ? undefined : `${logged}, the client left a provider that is ${seen.fault}`
  if (!isExpected(seen)) return `${shown(seen)}; ${logged}`
  if (Number(status) !== seen.status) return `${logged}, ${shown(seen)}`
  return fits(seen, outcome) ? undefined : `${logged}, ${shown(seen)}`
}

/** Whoever leaves may have had everything already, or what the provider did wrong may have come first. */
function mayLeave({ fault, expects }: Seen, outcome: string): boolean {
  if (outcome === 'client_disconnect' || outcome === 'complete') return true
  return !sound.has(fault) || expects !== undefined || outcome === 'refused'
}

function isExpected({ end, expects, status }: Seen): boolean {
  if (end === 'nothing') return false
  if (expects === undefined) return true
  return expects.includes(status ?? 0) && (end === 'whole' || (status ?? 0) >= 300)
}

function fits({ end, status = 0, fault }: Seen, outcome: string): boolean {
  switch (end) {
    case 'whole':
      return outcome === 'complete'
    case 'cut':
      return ['truncated', 'stalled', 'upstream_error'].includes(outcome)
    default:
      if (status === 504) return outcome === 'stalled'
      return sound.has(fault) ? outcome === 'refused' : ['upstream_error', 'refused'].includes(outcome)
  }
}

function shown({ end, status }: Seen): string {
  return `${status ?? 'no status'}, ${end} at the client`
}
