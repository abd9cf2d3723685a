import { setTimeout as sleep } from 'node:timers/promises'
import { inOrder } from './in-order.ts'
import type { MeasureOptions } from './measure.ts'
import { memoryOf } from './memory-of.ts'
import { checkOpenFiles } from './open-files.ts'
import type { Row } from './row.ts'
import type { StreamMemoryScenario } from './scenarios.ts'
import type { Stage } from './stage.ts'
import { spreadOf } from './statistics.ts'
import type { TargetName } from './targets.ts'

/** Milliseconds until a process has done what it was given. */
const calmMs = 500
/** Streams before the first look, so that code is there. Memory that they leave behind takes later ones in, unseen: few of them. */
const warmUpStreams = 400
const smokeStreams = 40

/** Per open stream, KiB. */
interface PerStream {
  /** What a collection leaves: JavaScript's objects and their buffers. */
  readonly live: number
  /** What the process has of the machine, garbage and reserves included. */
  readonly resident: number
}

type Kind = keyof PerStream

/**
 * Opens streams and leaves them open. Each round starts every target anew: a process keeps memory that it has once had,
 * and would seem to need none the second time.
 */
export async function measureStreamMemory(stage: Stage, scenario: StreamMemoryScenario, options: MeasureOptions): Promise<Row[]> {
  const { isSmoke, rounds = isSmoke ? 1 : scenario.rounds } = options
  const count = isSmoke ? smokeStreams : scenario.openStreams
  checkOpenFiles(count)
  const names = [scenario.reference, scenario.subject, scenario.twin]
  const looks = new Map(names.map((name) => [name, [] as PerStream[]]))
  for (let round = 0; round < rounds; round += 1) {
    for (const name of inOrder(names, round)) looks.get(name)?.push(await look(stage, scenario, name, count))
  }
  return (['live', 'resident'] as const).map((kind) => rowOf(scenario, kind, (name) => (looks.get(name) ?? []).map((one) => one[kind])))
}

async function look(stage: Stage, scenario: StreamMemoryScenario, name: TargetName, count: number): Promise<PerStream> {
  const target = await stage.start(name)
  await stage.abort(scenario, target, Math.min(warmUpStreams, count))
  await sleep(calmMs)
  const heapBefore = (await stage.collect(target)).heap
  const residentBefore = memoryOf(target.pid)
  await stage.hold(scenario, target, count)
  await sleep(calmMs)
  const resident = memoryOf(target.pid)
  const { heap } = await stage.collect(target)
  await stage.release(scenario, target)
  await stage.end(target)
  return { live: toKiB(heap - heapBefore) / count, resident: toKiB(resident - residentBefore) / count }
}

function rowOf({ name, title, goal, ...scenario }: StreamMemoryScenario, kind: Kind, of: (name: TargetName) => readonly number[]): Row {
  const [first, twin, target] = [of(scenario.reference), of(scenario.twin), of(scenario.subject)]
  const reference = first.map((value, n) => (value + (twin[n] as number)) / 2)
  return {
    scenario: name,
    title,
    target: `${scenario.subject}, ${kind}`,
    reference: scenario.reference,
    quantity: 'KiB',
    goal,
    result: spreadOf(target.map((value, n) => value - (reference[n] as number))),
    referenceCost: spreadOf(reference).median,
    cost: spreadOf(target).median,
    unit: 'KiB',
    per: 'stream',
    noise: spreadOf(twin.map((value, n) => value - (first[n] as number))),
    rounds: { reference: first, twin, target },
  }
}

function toKiB(bytes: number): number {
  return bytes / 1024
}
