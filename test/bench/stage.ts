import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkAccessLog } from './check-access-log.ts'
import { Forked } from './forked.ts'
import { Guard } from './guard.ts'
import type { Order, Ran } from './load.ts'
import { streamGapMs, streamPieces, type Scenario } from './scenarios.ts'
import { startTarget, type Target, type TargetName } from './targets.ts'
import type { Seen } from './upstream.ts'

/** Everything that runs beside the program itself: the provider, the clients, the targets. */
export class Stage {
  readonly #folder: string
  readonly #guard: Guard
  readonly #upstream: Forked
  readonly #load: Forked
  readonly #url: string
  readonly #targets = new Map<string, Target>()
  readonly #answers = new Map<string, number>()

  private constructor(folder: string, guard: Guard, upstream: Forked, url: string) {
    this.#folder = folder
    this.#guard = guard
    this.#upstream = upstream
    this.#url = url
    this.#load = new Forked('./load.ts', [])
  }

  static async build(upstreamPort: number): Promise<Stage> {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
    const guard = new Guard(folder)
    const upstream = new Forked('./upstream.ts', [upstreamPort, streamPieces, streamGapMs])
    const { port } = await upstream.hear<{ port: number }>()
    return new Stage(folder, guard, upstream, `http://127.0.0.1:${port}`)
  }

  /** Starts a target of ours, if it does not run yet. */
  async start(name: TargetName, execArgv: readonly string[] = []): Promise<Target> {
    const running = this.#targets.get(name)
    if (running) return running
    const around = { folder: this.#folder, upstream: this.#url, guard: this.#guard, execArgv }
    const target = await startTarget(name, around)
    this.#targets.set(name, target)
    return target
  }

  /** Opens the connections of a scenario to a target, where they are not open. */
  async open(scenario: Scenario, target: Target): Promise<void> {
    await this.#order({ do: 'open', scenario: scenario.name, target: target.name, url: target.url })
  }

  async close(scenario: Scenario, target: Target): Promise<void> {
    await this.#order({ do: 'close', scenario: scenario.name, target: target.name, url: target.url })
  }

  /** Sends one slice of load and returns when its last answer is here; throws when one of them is wrong. */
  async run(scenario: Scenario, target: Target, sliceMs?: number): Promise<Ran> {
    const order = { do: 'run', scenario: scenario.name, target: target.name, url: target.url } as const
    const ran = (await this.#order({ ...order, ...(sliceMs !== undefined && { sliceMs }) })) as Ran
    this.#answers.set(target.name, (this.#answers.get(target.name) ?? 0) + ran.answers)
    if (ran.wrong > 0) {
      throw new Error(`${ran.wrong} of ${ran.answers} answers of ${target.name} are wrong:\n  ${ran.problems.join('\n  ')}`)
    }
    return ran
  }

  /** The last request that reached the provider. */
  async lastSeen(): Promise<Seen | undefined> {
    const { seen } = await this.#upstream.ask<{ seen: Seen | undefined }>({})
    return seen
  }

  /** Ends every process and removes every file; returns what was wrong with the gateways' ends and logs. */
  async strike(): Promise<string[]> {
    await this.#load.stop()
    const problems: string[] = []
    for (const target of this.#targets.values()) {
      try {
        await target.stop()
        const answers = this.#answers.get(target.name) ?? 0
        if (target.accessLog !== undefined) problems.push(...(await checkAccessLog(target.accessLog, target.name, answers)))
      } catch (error) {
        problems.push((error as Error).message)
      }
    }
    await this.#upstream.stop()
    await this.#guard.stop()
    return problems
  }

  async #order(order: Order): Promise<Ran | undefined> {
    const { ran, error } = await this.#load.ask<{ ran?: Ran; error?: string }>(order)
    if (error !== undefined) throw new Error(error)
    return ran
  }
}
