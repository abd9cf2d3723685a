import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { selfTimes, topLines, type Stretch } from './cpu-profile.ts'
import { mainThreadTime, splitTime } from './cpu-time.ts'
import { watchMachine } from './machine.ts'
import { print } from './print.ts'
import { probe } from './probe.ts'
import type { CpuScenario } from './scenarios.ts'
import { Stage } from './stage.ts'
import type { Target } from './targets.ts'

const warmUpTurns = 8
const turns = 8
const turnMs = 1000

interface Profiled {
  readonly target: Target
  readonly folder: string
  readonly stretches: Stretch[]
  units: number
  /** CPU time of the main thread in the stretches, microseconds. */
  cpu: number
  /** Ticks in them, of all threads. */
  user: number
  kernel: number
}

/** Runs a scenario's subject and reference by turns under `--cpu-prof` and prints where their time went. The profiles stay. */
export async function profile(scenario: CpuScenario): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-profile-'))
  const stage = await Stage.build(0)
  const profiled: Profiled[] = []
  const problems: string[] = []
  const watched = watchMachine([process.pid])
  try {
    for (const name of [scenario.subject, scenario.reference]) {
      const mine = join(folder, name)
      const target = await stage.start(name, ['--cpu-prof', `--cpu-prof-dir=${mine}`, '--cpu-prof-interval=500'])
      await probe(stage, scenario, target)
      profiled.push({ target, folder: mine, stretches: [], units: 0, cpu: 0, user: 0, kernel: 0 })
    }
    for (let turn = 0; turn < warmUpTurns + turns; turn += 1) {
      for (const one of profiled) await takeTurn(stage, scenario, one, turn >= warmUpTurns)
    }
  } finally {
    problems.push(...(await stage.strike()))
  }
  print(`Others had ${(watched().others * 100).toFixed(0)} % of the machine's CPU time meanwhile; where a process waited for its turn, the profiler counts that as work.`)
  for (const problem of problems) print(`WRONG: ${problem}`)
  report(scenario, profiled)
  print(`\nThe profiles stay in ${folder}: open them in a browser's developer tools.`)
}

async function takeTurn(stage: Stage, scenario: CpuScenario, one: Profiled, counts: boolean): Promise<void> {
  const from = now()
  const before = mainThreadTime(one.target.pid)
  const split = splitTime(one.target.pid)
  const { answers } = await stage.run(scenario, one.target, turnMs)
  if (!counts) return
  one.stretches.push({ from, to: now() })
  one.units += answers * scenario.unitsPerRequest
  one.cpu += mainThreadTime(one.target.pid) - before
  const { user, kernel } = splitTime(one.target.pid)
  one.user += user - split.user
  one.kernel += kernel - split.kernel
}

function report({ title, unit }: CpuScenario, profiled: readonly Profiled[]): void {
  print(`\n${title}: µs of CPU per ${unit}, main thread alone, the profiler's own cost included`)
  for (const { target, user, kernel } of profiled) {
    print(`${target.name}, all threads: ${((kernel / (user + kernel)) * 100).toFixed(0)} % of its CPU time is the kernel's`)
  }
  const times = profiled.map(({ folder, stretches }) => selfTimes(profileIn(folder), stretches))
  for (const [n, { target, units, cpu }] of profiled.entries()) {
    print(`\n${target.name}, by package: ${(cpu / units).toFixed(1)} µs\n${topLines(times[n]!.byPart, cpu / units, 24)}`)
  }
  for (const [n, { target, units, cpu }] of profiled.entries()) {
    print(`\n${target.name}, self time by function\n${topLines(times[n]!.byFunction, cpu / units, n === 0 ? 50 : 15)}`)
  }
}

function profileIn(folder: string): string {
  const [file] = readdirSync(folder)
  if (file === undefined) throw new Error(`no profile in ${folder}`)
  return join(folder, file)
}

function now(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
