import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { measure } from './measure.ts'
import { help, readOptions, type Options } from './options.ts'
import { print } from './print.ts'
import { profile } from './profile.ts'
import type { Scenario } from './scenarios.ts'
import { Stage } from './stage.ts'
import { cellsOf, heading, rowsOf, toTable, type Row } from './table.ts'
import type { Target } from './targets.ts'

const smokeRounds = 1

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  if (options.wantsHelp) return print(help)
  print(`Node ${process.version}, ${cpus().length} cores, load average ${load()} at the start`)
  if (options.profiled) return profile(options.profiled)
  const rows: Row[] = []
  const problems: string[] = []
  const stage = await Stage.build(options.upstreamPort)
  try {
    await measureAll(stage, options, rows, problems)
  } finally {
    problems.push(...(await stage.strike()))
  }
  report(rows, options)
  for (const problem of problems) print(`\nWRONG: ${problem}`)
  if (problems.length > 0) process.exitCode = 1
}

async function measureAll(stage: Stage, options: Options, rows: Row[], problems: string[]): Promise<void> {
  for (const name of new Set(options.scenarios.flatMap(({ subject, reference, twin }) => [reference, subject, twin]))) {
    await stage.start(name)
  }
  for (const scenario of options.scenarios) {
    print(`… ${scenario.name}: ${scenario.title}`)
    const targets = await targetsOf(stage, scenario, options)
    const rounds = options.rounds ?? (options.isSmoke ? smokeRounds : scenario.rounds)
    try {
      const measured = await measure(stage, scenario, targets, { rounds, isSmoke: options.isSmoke })
      rows.push(...rowsOf(scenario, measured))
    } catch (error) {
      problems.push(`${scenario.name}: ${(error as Error).message}`)
    }
  }
}

async function targetsOf(stage: Stage, scenario: Scenario, { others }: Options): Promise<Target[]> {
  const targets: Target[] = []
  for (const name of [scenario.reference, scenario.subject, scenario.twin]) targets.push(await stage.start(name))
  if (scenario.reference === 'pipe') targets.push(...others.map((other) => ({ ...other, stop: async () => {} })))
  return targets
}

function report(rows: readonly Row[], { isSmoke, json }: Options): void {
  if (isSmoke) print(`${rows.length} scenarios ran well; a smoke run says nothing of cost.`)
  else if (rows.length > 0) {
    print(`\n${toTable([heading, ...rows.map((row) => cellsOf(row))])}\n`)
    print('Ratios are medians of in-round ratios of CPU time, kernel time included; the interval holds the true median with')
    print('95 % confidence. The reference is the mean of two processes that do the same; what they differ from 1.00 is noise.')
    print(`Microseconds drift with the machine: compare ratios, never runs. Load average at the end: ${load()}.`)
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ node: process.version, cores: cpus().length, rows }, null, 2)}\n`)
}

function load(): string {
  return loadavg().map((value) => value.toFixed(2)).join(', ')
}

// Ends at once; the guard tidies up.
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

try {
  await main()
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
