import { setTimeout as sleep } from 'node:timers/promises'
import type { Held } from './collect.ts'
import type { MeasureOptions } from './measure.ts'
import { probe } from './probe.ts'
import type { Row } from './row.ts'
import type { HeapScenario } from './scenarios.ts'
import type { Stage } from './stage.ts'
import { spreadOf } from './statistics.ts'
import type { Target } from './targets.ts'

/** How much is done at once, and in all. */
interface Scale {
  /** Of the scenario's own load. */
  readonly share: number
  readonly sliceMs: number
  /** Milliseconds from the last byte of load to a collection: what is to end has ended by then. */
  readonly calmMs: number
}

const full: Scale = { share: 1, sliceMs: 1000, calmMs: 1000 }
const smoke: Scale = { share: 0.005, sliceMs: 50, calmMs: 50 }
/** Looks at the heap on the way: growth that goes on is a leak, also where it is small. */
const stages = 4
/** The start is when a heap no longer shrinks by more than this: code that only the beginning needed goes late, and would hide a leak of its size. */
const restShare = 0.01
const mostWarmUps = 6

const toMiB = (bytes: number): number => bytes / 1024 / 1024

/** Compares what a gateway holds before and after much work, each time after a collection. */
export async function measureHeap(stage: Stage, scenario: HeapScenario, { isSmoke }: MeasureOptions): Promise<Row[]> {
  const scale = isSmoke ? smoke : full
  const target = await stage.start(scenario.subject)
  await probe(stage, scenario, target)
  const held = [await warmUp(stage, scenario, target, scale)]
  for (let n = 0; n < stages; n += 1) held.push(await workAndLook(stage, scenario, target, scale))
  await stage.end(target)
  return [rowOf(scenario, held)]
}

/** Works until the heap has come to rest; says where it rests. */
async function warmUp(stage: Stage, scenario: HeapScenario, target: Target, scale: Scale): Promise<Held> {
  let held = await workAndLook(stage, scenario, target, scale)
  for (let n = 1; n < mostWarmUps; n += 1) {
    const before = held.heap
    held = await workAndLook(stage, scenario, target, scale)
    if (held.heap > before * (1 - restShare)) break
  }
  return held
}

/** One part of the load, then what is held when nothing is connected any more. */
async function workAndLook(stage: Stage, scenario: HeapScenario, target: Target, { share, sliceMs, calmMs }: Scale): Promise<Held> {
  const requests = Math.ceil((scenario.totalRequests * share) / stages)
  for (let answers = 0; answers < requests; ) answers += (await stage.run(scenario, target, sliceMs)).answers
  await stage.abort(scenario, target, Math.ceil((scenario.abortedStreams * share) / stages))
  await stage.close(scenario, target)
  await sleep(calmMs)
  return stage.collect(target)
}

function rowOf(scenario: HeapScenario, held: readonly Held[]): Row {
  const heap = held.map((one) => toMiB(one.heap))
  const resident = held.map((one) => toMiB(one.resident))
  const [start, end] = [heap[0] as number, heap.at(-1) as number]
  return {
    scenario: scenario.name,
    title: scenario.title,
    target: 'end',
    reference: 'start',
    quantity: 'ratio',
    goal: scenario.goal,
    result: spreadOf([end / start]),
    referenceCost: start,
    cost: end,
    unit: 'MiB',
    per: 'process',
    noise: undefined,
    rounds: { heap, resident },
    remark: `heap from start to end: ${listed(heap)} MiB; resident: ${listed(resident)} MiB`,
  }
}

function listed(values: readonly number[]): string {
  return values.map((value) => value.toFixed(1)).join(', ')
}
