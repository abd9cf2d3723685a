import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { selfTimes, topLines, type Times } from './cpu-profile.ts'
import { print } from './print.ts'
import { probe } from './probe.ts'
import type { Scenario } from './scenarios.ts'
import { Stage } from './stage.ts'
import type { Target } from './targets.ts'

const warmUpMs = 3000
const profiledMs = 10_000

interface Window {
  readonly target: string
  readonly folder: string
  readonly from: number
  readonly to: number
  readonly units: number
}

interface Profiled extends Window {
  readonly times: Times
}

/** Runs a scenario's subject and reference under `--cpu-prof` and prints where their time went. The profiles stay. */
export async function profile(scenario: Scenario): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-profile-'))
  const stage = await Stage.build(0)
  const windows: Window[] = []
  try {
    for (const name of [scenario.subject, scenario.reference]) {
      const mine = join(folder, name)
      const target = await stage.start(name, ['--cpu-prof', `--cpu-prof-dir=${mine}`, '--cpu-prof-interval=500'])
      await probe(stage, scenario, target)
      await load(stage, scenario, target, warmUpMs)
      const from = now()
      const units = await load(stage, scenario, target, profiledMs)
      windows.push({ target: name, folder: mine, from, to: now(), units })
    }
  } finally {
    for (const problem of await stage.strike()) print(problem)
  }
  const [subject, reference] = windows.map((window) => ({ ...window, times: timesOf(window) }))
  if (subject && reference) report(scenario, subject, reference)
  print(`\nThe profiles stay in ${folder}: open them in a browser's developer tools.`)
}

/** Sends for about so long; returns how many units were answered. */
async function load(stage: Stage, scenario: Scenario, target: Target, ms: number): Promise<number> {
  const until = performance.now() + ms
  let answers = 0
  while (performance.now() < until) answers += (await stage.run(scenario, target, ms)).answers
  return answers * scenario.unitsPerRequest
}

function timesOf({ folder, from, to }: Window): Times {
  const [file] = readdirSync(folder)
  if (file === undefined) throw new Error(`no profile in ${folder}`)
  return selfTimes(join(folder, file), from, to)
}

function report(scenario: Scenario, subject: Profiled, reference: Profiled): void {
  print(`\n${scenario.title}: µs per ${scenario.unit}, of the main thread, profiler's own cost included\n`)
  for (const { target, times, units } of [subject, reference]) {
    print(`${target}: ${(times.busy / units).toFixed(1)} µs, by package`)
    print(`${topLines(times.byPart, times.busy, units, 24)}\n`)
  }
  print(`${subject.target}, self time by function`)
  print(topLines(subject.times.byFunction, subject.times.busy, subject.units, 50))
}

function now(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
