import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { measure } from './measure.ts'
import { help, readOptions, type Options } from './options.ts'
import { print } from './print.ts'
import { profile } from './profile.ts'
import type { WatchedRow } from './row.ts'
import type { Scenario } from './scenarios.ts'
import { Stage } from './stage.ts'
import { cellsOf, heading, toTable } from './table.ts'
import type { TargetName } from './targets.ts'

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  if (options.wantsHelp) return print(help)
  print(`Node ${process.version}, ${cpus().length} cores, load average ${load()} at the start`)
  if (options.profiled) return profile(options.profiled)
  const rows: WatchedRow[] = []
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

async function measureAll(stage: Stage, options: Options, rows: WatchedRow[], problems: string[]): Promise<void> {
  for (const name of new Set(options.scenarios.flatMap(sideBySide))) await stage.start(name)
  for (const scenario of options.scenarios) {
    print(`… ${scenario.name}: ${scenario.title}`)
    try {
      rows.push(...(await measure(stage, scenario, options)))
    } catch (error) {
      problems.push(`${scenario.name}: ${(error as Error).message}`)
    }
  }
}

/** Targets whose CPU time is compared start before anything runs; where memory counts, each has its own beginning. */
function sideBySide(scenario: Scenario): TargetName[] {
  return scenario.measures === 'cpu' ? [scenario.reference, scenario.subject, scenario.twin] : []
}

function report(rows: readonly WatchedRow[], { isSmoke, json }: Options): void {
  if (isSmoke) print(`${rows.length} rows ran well; a smoke run says nothing of cost.`)
  else if (rows.length > 0) {
    print(`\n${toTable([heading, ...rows.map((row) => cellsOf(row))])}\n`)
    for (const { scenario, remark } of rows) if (remark !== undefined) print(`${scenario}: ${remark}\n`)
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
