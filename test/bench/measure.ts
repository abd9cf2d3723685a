import { watchMachine } from './machine.ts'
import { measureCpu } from './measure-cpu.ts'
import { measureHeap } from './measure-heap.ts'
import { measureStreamMemory } from './measure-stream-memory.ts'
import type { Row, WatchedRow } from './row.ts'
import type { Scenario } from './scenarios.ts'
import type { Stage } from './stage.ts'
import type { OtherTarget } from './targets.ts'

export interface MeasureOptions {
  /** Instead of the scenario's own number. */
  readonly rounds: number | undefined
  /** Everything once and briefly: no number counts. */
  readonly isSmoke: boolean
  /** Gateways from outside, measured beside ours where CPU time is what counts. */
  readonly others: readonly OtherTarget[]
}

/** Measures one scenario. Rejects when an answer is wrong. */
export async function measure(stage: Stage, scenario: Scenario, options: MeasureOptions): Promise<WatchedRow[]> {
  const watched = watchMachine([process.pid, ...options.others.map(({ pid }) => pid)])
  const rows = await measureKind(stage, scenario, options)
  const machine = watched()
  return rows.map((row) => ({ ...row, machine }))
}

function measureKind(stage: Stage, scenario: Scenario, options: MeasureOptions): Promise<Row[]> {
  switch (scenario.measures) {
    case 'cpu':
      return measureCpu(stage, scenario, options)
    case 'heap':
      return measureHeap(stage, scenario, options)
    case 'stream-memory':
      return measureStreamMemory(stage, scenario, options)
  }
}
