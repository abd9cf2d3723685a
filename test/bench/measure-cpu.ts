import { setTimeout as sleep } from 'node:timers/promises'
import { cpuTime } from './cpu-time.ts'
import { inOrder } from './in-order.ts'
import type { MeasureOptions } from './measure.ts'
import { probe } from './probe.ts'
import type { Row } from './row.ts'
import type { CpuScenario } from './scenarios.ts'
import type { Stage } from './stage.ts'
import { spreadOf } from './statistics.ts'
import { fromOutside, type Target } from './targets.ts'

/** Milliseconds after the last answer until CPU time is read: what the answer left to do belongs to it. */
const settleMs = 20

/** CPU time per request or chunk, microseconds, in each round. */
type Costs = ReadonlyMap<string, readonly number[]>

/** Goes round the targets in slices, in alternating order, connections kept. */
export async function measureCpu(stage: Stage, scenario: CpuScenario, options: MeasureOptions): Promise<Row[]> {
  const targets: Target[] = []
  for (const name of [scenario.reference, scenario.subject, scenario.twin]) targets.push(await stage.start(name))
  if (scenario.reference === 'pipe') targets.push(...options.others.map((other) => fromOutside(other)))
  return rowsOf(scenario, await costsOf(stage, scenario, targets, options))
}

async function costsOf(stage: Stage, scenario: CpuScenario, targets: readonly Target[], options: MeasureOptions): Promise<Costs> {
  const { isSmoke, rounds = isSmoke ? 1 : scenario.rounds } = options
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
  return costs
}

async function costOfSlice(stage: Stage, scenario: CpuScenario, target: Target, sliceMs: number | undefined): Promise<number> {
  await stage.open(scenario, target)
  const before = cpuTime(target.pid)
  const { answers } = await stage.run(scenario, target, sliceMs)
  await sleep(settleMs)
  return (cpuTime(target.pid) - before) / (answers * scenario.unitsPerRequest)
}

function rowsOf(scenario: CpuScenario, measured: Costs): Row[] {
  const costs = (name: string): readonly number[] => measured.get(name) ?? []
  const [first, twin] = [costs(scenario.reference), costs(scenario.twin)]
  const reference = first.map((cost, n) => (cost + (twin[n] as number)) / 2)
  const noise = spreadOf(twin.map((cost, n) => cost / (first[n] as number)))
  const names = [...measured.keys()].filter((name) => name !== scenario.reference && name !== scenario.twin)
  return names.map((target) => ({
    scenario: scenario.name,
    title: scenario.title,
    target,
    reference: scenario.reference,
    quantity: 'ratio',
    goal: target === scenario.subject ? scenario.goal : undefined,
    result: spreadOf(costs(target).map((cost, n) => cost / (reference[n] as number))),
    referenceCost: spreadOf(reference).median,
    cost: spreadOf(costs(target)).median,
    unit: 'µs',
    per: scenario.unit,
    noise,
    rounds: { reference: first, twin, target: costs(target) },
  }))
}
