import type { Measured } from './measure.ts'
import type { Scenario } from './scenarios.ts'
import { medianOf, spreadOf, type Spread } from './statistics.ts'

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
  /** All CPU time of all rounds by all units: the same ratio in another way. */
  readonly overall: number
  /** Microseconds of CPU per unit, medians. */
  readonly referenceCost: number
  readonly cost: number
  /** What a second process like the reference costs. */
  readonly noise: Spread
}

export function rowsOf(scenario: Scenario, measured: Measured): Row[] {
  const reference = measured.costs.get(scenario.reference) ?? []
  const ratios = (name: string): number[] => (measured.costs.get(name) ?? []).map((cost, n) => cost / (reference[n] as number))
  const noise = spreadOf(ratios(scenario.twin))
  const names = [...measured.costs.keys()].filter((name) => name !== scenario.reference && name !== scenario.twin)
  return names.map((target) => ({
    scenario: scenario.name,
    title: scenario.title,
    unit: scenario.unit,
    target,
    reference: scenario.reference,
    goal: target === scenario.subject ? scenario.goal : undefined,
    ratio: spreadOf(ratios(target)),
    overall: mean(measured.costs.get(target) ?? []) / mean(reference),
    referenceCost: medianOf(reference.toSorted((a, b) => a - b)),
    cost: medianOf((measured.costs.get(target) ?? []).toSorted((a, b) => a - b)),
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

/** Reached when the interval includes the goal or lies below it. */
function verdictOf({ goal, ratio }: Row): string {
  if (goal === undefined) return ''
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

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
