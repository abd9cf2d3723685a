import { setTimeout as sleep } from 'node:timers/promises'
import { cpuTime } from './cpu-time.ts'
import { probe } from './probe.ts'
import type { Scenario } from './scenarios.ts'
import type { Stage } from './stage.ts'
import type { Target } from './targets.ts'

/** Milliseconds after the last answer until CPU time is read: what the answer left to do belongs to it. */
const settleMs = 20

/** CPU time per request or chunk of each target in each round, microseconds. */
export interface Measured {
  readonly costs: ReadonlyMap<string, readonly number[]>
}

export interface MeasureOptions {
  readonly rounds: number
  readonly isSmoke: boolean
}

/** Goes round the targets in slices, in alternating order, connections kept. Throws when an answer is wrong. */
export async function measure(
  stage: Stage,
  scenario: Scenario,
  targets: readonly Target[],
  { rounds, isSmoke }: MeasureOptions,
): Promise<Measured> {
  for (const target of targets) await probe(stage, scenario, target)
  // Half as many again go before those that count: the compiler goes on improving code for ten thousands of requests.
  const warmUp = isSmoke ? 1 : Math.ceil(rounds / 2)
  for (let round = 0; round < warmUp; round += 1) {
    for (const target of targets) await stage.run(scenario, target, isSmoke ? 50 : undefined)
  }
  const costs = new Map(targets.map(({ name }) => [name, [] as number[]]))
  for (let round = 0; round < rounds; round += 1) {
    for (const target of inOrder(targets, round)) {
      costs.get(target.name)?.push(await costOfSlice(stage, scenario, target, isSmoke ? 100 : undefined))
    }
  }
  for (const target of targets) await stage.close(scenario, target)
  return { costs }
}

async function costOfSlice(stage: Stage, scenario: Scenario, target: Target, sliceMs: number | undefined): Promise<number> {
  await stage.open(scenario, target)
  const before = cpuTime(target.pid)
  const { answers } = await stage.run(scenario, target, sliceMs)
  await sleep(settleMs)
  return (cpuTime(target.pid) - before) / (answers * scenario.unitsPerRequest)
}

/** Another one first in each round, forwards and backwards by turns: no target always follows the same neighbour. */
function inOrder(targets: readonly Target[], round: number): Target[] {
  const first = Math.floor(round / 2) % targets.length
  const order = [...targets.slice(first), ...targets.slice(0, first)]
  return round % 2 === 0 ? order : order.toReversed()
}
