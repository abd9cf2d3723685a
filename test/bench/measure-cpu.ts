import { setTimeout as sleep } from 'node:timers/promises'
import { cpuTime } from './cpu-time.ts'
import { inOrder } from './in-order.ts'
import type { MeasureOptions } from './measure.ts'
import { probe } from './probe.ts'
import type { Row } from './row.ts'
import type { CpuScenario } from './scenarios.ts'
import type { Stage } from './stage.ts'
import { spreadOf, type Spread } from './statistics.ts'
import { fromOutside, type Target } from './targets.ts'

/** Milliseconds after the last answer until CPU time is read: what the answer left to do belongs to it. */
const settleMs = 20

/** Requests or chunks after which the compiler has little left to improve. */
const enoughUnits = 60_000
const mostMoreRounds = 24

/** CPU time per request or chunk, microseconds. */
interface Cost {
  /** In the slice of each round. */
  readonly rounds: readonly number[]
  /** From the first slice to the last, with what it did while others had their turn. */
  readonly whole: number
}

type Costs = ReadonlyMap<string, Cost>

/** Goes round the targets in slices, in alternating order, connections kept. */
export async function measureCpu(stage: Stage, scenario: CpuScenario, options: MeasureOptions): Promise<Row[]> {
  const all = options.isSmoke ? 1 : scenario.generations
  const rounds = Math.ceil((options.rounds ?? (options.isSmoke ? 1 : scenario.rounds)) / all)
  const generations: Costs[] = []
  while (generations.length < all) {
    const targets = await targetsOf(stage, scenario, options, generations.length > 0)
    generations.push(await costsOf(stage, scenario, targets, { rounds, from: generations.length * rounds, isSmoke: options.isSmoke }))
  }
  return rowsOf(scenario, generations)
}

async function targetsOf(stage: Stage, scenario: CpuScenario, { others }: MeasureOptions, anew: boolean): Promise<Target[]> {
  const targets: Target[] = []
  for (const name of [scenario.reference, scenario.subject, scenario.twin]) {
    if (anew) await stage.end(await stage.start(name))
    targets.push(await stage.start(name))
  }
  if (scenario.reference === 'pipe') targets.push(...others.map((other) => fromOutside(other)))
  return targets
}

interface Span {
  readonly rounds: number
  /** Rounds that went before, in other processes. */
  readonly from: number
  readonly isSmoke: boolean
}

async function costsOf(stage: Stage, scenario: CpuScenario, targets: readonly Target[], span: Span): Promise<Costs> {
  const { rounds, from, isSmoke } = span
  for (const target of targets) await probe(stage, scenario, target)
  await warmUp(stage, scenario, targets, span)
  const meters = targets.map((target) => new Meter(stage, scenario, target))
  for (let round = from; round < from + rounds; round += 1) {
    for (const meter of inOrder(meters, round)) await meter.slice(isSmoke ? 100 : undefined)
  }
  const costs = new Map(meters.map((meter) => [meter.target.name, meter.cost]))
  for (const target of targets) await stage.close(scenario, target)
  return costs
}

/** Half as many rounds again go before those that count, and more where they are too few or the machine too busy to make them enough. */
async function warmUp(stage: Stage, scenario: CpuScenario, targets: readonly Target[], { rounds, isSmoke }: Span): Promise<void> {
  const least = isSmoke ? 1 : Math.ceil(rounds / 2)
  const most = isSmoke ? 1 : least + mostMoreRounds
  let fewest = 0
  for (let round = 0; round < least || (round < most && fewest < enoughUnits); round += 1) {
    const units: number[] = []
    for (const target of inOrder(targets, round)) {
      const { answers } = await stage.run(scenario, target, isSmoke ? 50 : undefined)
      units.push(answers * scenario.unitsPerRequest)
    }
    fewest += Math.min(...units)
  }
}

/** Counts what one target costs. */
class Meter {
  readonly target: Target
  readonly #stage: Stage
  readonly #scenario: CpuScenario
  readonly #startedAt: number
  readonly #rounds: number[] = []
  #units = 0

  constructor(stage: Stage, scenario: CpuScenario, target: Target) {
    this.#stage = stage
    this.#scenario = scenario
    this.target = target
    this.#startedAt = cpuTime(target.pid)
  }

  async slice(sliceMs: number | undefined): Promise<void> {
    await this.#stage.open(this.#scenario, this.target)
    const before = cpuTime(this.target.pid)
    const { answers } = await this.#stage.run(this.#scenario, this.target, sliceMs)
    await sleep(settleMs)
    const units = answers * this.#scenario.unitsPerRequest
    this.#rounds.push((cpuTime(this.target.pid) - before) / units)
    this.#units += units
  }

  get cost(): Cost {
    return { rounds: this.#rounds, whole: (cpuTime(this.target.pid) - this.#startedAt) / this.#units }
  }
}

function rowsOf(scenario: CpuScenario, generations: readonly Costs[]): Row[] {
  const { reference, twin } = scenario
  const names = [...(generations[0]?.keys() ?? [])].filter((name) => name !== reference && name !== twin)
  const rounds = (name: string): number[] => generations.flatMap((costs) => costs.get(name)?.rounds ?? [])
  const both = meansOf(rounds(reference), rounds(twin))
  return names.map((target) => ({
    scenario: scenario.name,
    title: scenario.title,
    target,
    reference,
    quantity: 'ratio',
    goal: target === scenario.subject ? scenario.goal : undefined,
    result: ratioOf(generations, (of) => [of(target).rounds, meansOf(of(reference).rounds, of(twin).rounds)]),
    referenceCost: spreadOf(both).median,
    cost: spreadOf(rounds(target)).median,
    unit: 'µs',
    per: scenario.unit,
    noise: ratioOf(generations, (of) => [of(twin).rounds, of(reference).rounds]),
    whole: ratioOf(generations, (of) => [[of(target).whole], meansOf([of(reference).whole], [of(twin).whole])]).median,
    rounds: { reference: rounds(reference), twin: rounds(twin), target: rounds(target) },
  }))
}

type Rounds = readonly number[]

/**
 * The ratio of two costs, round by round. Rounds of the same processes are alike; where there were several generations
 * of processes each counts as one value, its median.
 */
function ratioOf(generations: readonly Costs[], pick: (of: (name: string) => Cost) => [Rounds, Rounds]): Spread {
  const ratios = generations.map((costs) => {
    const [target, reference] = pick((name) => costs.get(name) ?? { rounds: [], whole: Number.NaN })
    return target.map((cost, n) => cost / (reference[n] as number))
  })
  return spreadOf(ratios.length === 1 ? (ratios[0] as number[]) : ratios.map((rounds) => spreadOf(rounds).median))
}

function meansOf(first: Rounds, second: Rounds): number[] {
  return first.map((value, n) => (value + (second[n] as number)) / 2)
}
