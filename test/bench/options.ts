import { parseArgs } from 'node:util'
import { scenarios, type CpuScenario, type Scenario } from './scenarios.ts'
import type { OtherTarget } from './targets.ts'

export const help = `npm run bench -- [options]

Measures what the gateway costs, in CPU time per request or chunk, as a ratio to a bare undici pipe in the same run.

  --smoke               short: every scenario once, every answer checked, no number asserted (about 30 s)
  --only NAMES          these scenarios, with commas: ${scenarios.map(({ name }) => name).join(', ')}
  --rounds N            rounds of each scenario, instead of its own number
  --target NAME=URL,PID another gateway that runs already: CPU time is read of process PID and its descendants; repeatable
  --upstream-port PORT  where the provider listens, so that such a gateway can be set up for it (default: any free port)
  --profile NAME        profile one scenario instead, gateway and reference; print where the time goes
  --json FILE           write all figures there
  --help                this text

Exits with 1 when an answer, a request that reached the provider or an access log is wrong, never because of a number.`

export interface Options {
  readonly isSmoke: boolean
  readonly wantsHelp: boolean
  readonly scenarios: readonly Scenario[]
  readonly rounds: number | undefined
  readonly others: readonly OtherTarget[]
  readonly upstreamPort: number
  readonly profiled: CpuScenario | undefined
  readonly json: string | undefined
}

/** Throws an error with a sentence for the user when they do not fit. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      smoke: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      target: { type: 'string', multiple: true, default: [] },
      'upstream-port': { type: 'string', default: '0' },
      profile: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  return {
    isSmoke: values.smoke,
    wantsHelp: values.help,
    scenarios: values.only === undefined ? scenarios : values.only.split(',').map((name) => scenarioNamed(name)),
    rounds: values.rounds === undefined ? undefined : wholeNumber('--rounds', values.rounds, 1),
    others: values.target.map((text) => otherTarget(text)),
    upstreamPort: wholeNumber('--upstream-port', values['upstream-port'], 0),
    profiled: values.profile === undefined ? undefined : profiledNamed(values.profile),
    json: values.json,
  }
}

function scenarioNamed(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name.trim())
  if (!found) throw new Error(`no scenario "${name}": there are ${scenarios.map((scenario) => scenario.name).join(', ')}`)
  return found
}

function profiledNamed(name: string): CpuScenario {
  const scenario = scenarioNamed(name)
  if (scenario.measures !== 'cpu') throw new Error(`--profile shows where CPU time goes, and ${name} measures memory`)
  return scenario
}

function wholeNumber(option: string, text: string, least: number): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < least) throw new Error(`${option} is "${text}", not a whole number from ${least}`)
  return number
}

function otherTarget(text: string): OtherTarget {
  const [, name, url, pid] = /^([^=]+)=(http:\/\/[^,]+),(\d+)$/.exec(text) ?? []
  if (name === undefined || url === undefined) throw new Error(`--target is "${text}", not NAME=http://HOST:PORT,PID`)
  return { name, url, pid: Number(pid) }
}
