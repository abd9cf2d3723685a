import type { Elsewhere } from './machine.ts'
import { quantities, type Row, type WatchedRow } from './row.ts'
import type { Spread } from './statistics.ts'

export const heading =
  ['scenario', 'target', 'goal', 'result', '95 % interval', 'whole', 'reference', 'target', 'per', 'noise: twin', 'others', 'verdict']

export function cellsOf(row: WatchedRow): string[] {
  const { scenario, target, goal, result, whole, referenceCost, cost, unit, per, noise, reference } = row
  const { print } = quantities[row.quantity]
  return [
    scenario,
    reference === 'pipe' ? target : `${target} / ${reference}`,
    goal === undefined ? '' : `≤ ${goal}${row.quantity === 'ratio' ? '' : ` ${row.quantity}`}`,
    print(result.median),
    interval(row, result),
    whole === undefined ? '' : print(whole),
    `${referenceCost.toFixed(1)} ${unit}`,
    `${cost.toFixed(1)} ${unit}`,
    per,
    noise ? `${print(noise.median)} (${interval(row, noise)})` : '',
    busyElsewhere(row.machine),
    verdictOf(row),
  ]
}

/** Reached when the interval includes the goal or lies below it. */
function verdictOf({ goal, result, noise, quantity }: Row): string {
  const { equal, tolerable } = quantities[quantity]
  if (goal === undefined) return ''
  if (noise && Math.abs(noise.median - equal) > tolerable) return 'too noisy, repeat'
  if (result.median <= goal) return 'reached'
  return result.low <= goal ? 'reached by the interval' : `missed by ${((result.median / goal - 1) * 100).toFixed(0)} %`
}

function interval({ quantity }: Row, { low, high }: Spread): string {
  const { print } = quantities[quantity]
  return low === high ? '' : `${print(low)}–${print(high)}`
}

function busyElsewhere({ others, stolen }: Elsewhere): string {
  return stolen < 0.005 ? percent(others) : `${percent(others)}, stolen ${percent(stolen)}`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}

/** Lines of cells, each column as wide as its widest. */
export function toTable(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? []
  return lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n')
}
