import type { Measured } from './measure.ts'
import type { Scenario } from './scenarios.ts'
import { spreadOf, type Spread } from './statistics.ts'

/** One target of one scenario, measured. */
export interface Row {
  readonly scenario: string
  readonly title: string
  readonly unit: string
  readonly target: string
  readonly reference: string
  /** None for targets from outside. */
  readonly goal: number | undefined
  readonly ratio: Spread
  /** Microseconds of CPU per unit in each round. */
  readonly rounds: Readonly<Record<'reference' | 'twin' | 'target', readonly number[]>>
  /** Microseconds of CPU per unit, medians. */
  readonly referenceCost: number
  readonly cost: number
  /** What the reference's twin costs, against the reference. */
  readonly noise: Spread
}

export function rowsOf(scenario: Scenario, measured: Measured): Row[] {
  const costs = (name: string): readonly number[] => measured.costs.get(name) ?? []
  const [first, twin] = [costs(scenario.reference), costs(scenario.twin)]
  const reference = first.map((cost, n) => (cost + (twin[n] as number)) / 2)
  const noise = spreadOf(twin.map((cost, n) => cost / (first[n] as number)))
  const names = [...measured.costs.keys()].filter((name) => name !== scenario.reference && name !== scenario.twin)
  return names.map((target) => ({
    scenario: scenario.name,
    title: scenario.title,
    unit: scenario.unit,
    target,
    reference: scenario.reference,
    goal: target === scenario.subject ? scenario.goal : undefined,
    ratio: spreadOf(costs(target).map((cost, n) => cost / (reference[n] as number))),
    rounds: { reference: first, twin, target: costs(target) },
    referenceCost: spreadOf(reference).median,
    cost: spreadOf(costs(target)).median,
    noise,
  }))
}

export const heading =
  ['scenario', 'target', 'goal', 'ratio', '95 % interval', 'reference µs', 'target µs', 'per', 'noise: twin', 'verdict']

export function cellsOf(row: Row): string[] {
  const { scenario, target, goal, ratio, referenceCost, cost, unit, noise, reference } = row
  return [
    scenario,
    reference === 'pipe' ? target : `${target} / ${reference}`,
    goal === undefined ? '' : `≤ ${goal.toFixed(2)}`,
    ratio.median.toFixed(3),
    interval(ratio),
    referenceCost.toFixed(1),
    cost.toFixed(1),
    unit,
    `${noise.median.toFixed(3)} (${interval(noise)})`,
    verdictOf(row),
  ]
}

/** Two processes that do the same and differ by more than this make a row that decides nothing. */
const tolerableNoise = 0.1

/** Reached when the interval includes the goal or lies below it. */
function verdictOf({ goal, ratio, noise }: Row): string {
  if (goal === undefined) return ''
  if (Math.abs(noise.median - 1) > tolerableNoise) return 'too noisy, repeat'
  return ratio.low <= goal ? 'reached' : `missed by ${((ratio.median / goal - 1) * 100).toFixed(0)} %`
}

function interval({ low, high }: Spread): string {
  return `${low.toFixed(3)}–${high.toFixed(3)}`
}

/** Lines of cells, each column as wide as its widest. */
export function toTable(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? []
  return lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n')
}
