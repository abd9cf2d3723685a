import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkAccessLog, type Outcome } from './check-access-log.ts'
import type { Held } from './collect.ts'
import { Forked } from './forked.ts'
import { Guard } from './guard.ts'
import type { Order, Ran, Verb } from './load.ts'
import { streamGapMs, streamPieces, type Played, type Scenario, type Streamed } from './scenarios.ts'
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
  /** What each target's access log must hold. */
  readonly #exchanges = new Map<string, Partial<Record<Outcome, number>>>()

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
  async open(scenario: Played, target: Target): Promise<void> {
    await this.#order(scenario, target, { do: 'open' })
  }

  async close(scenario: Played, target: Target): Promise<void> {
    await this.#order(scenario, target, { do: 'close' })
  }

  /** Sends one slice of load and returns when its last answer is here; throws when one of them is wrong. */
  async run(scenario: Played, target: Target, sliceMs?: number): Promise<Ran> {
    const ran = await this.#order(scenario, target, { do: 'run', ...(sliceMs !== undefined && { sliceMs }) })
    this.#expect(target, 'complete', ran.answers)
    return ran
  }

  /** Begins `count` streams and leaves each of them in the middle. */
  async abort(scenario: Streamed, target: Target, count: number): Promise<void> {
    const ran = await this.#order(scenario, target, { do: 'abort', count })
    this.#expect(target, 'client_disconnect', ran.answers)
  }

  /** Begins `count` streams, which stay open until `release`. */
  async hold(scenario: Streamed, target: Target, count: number): Promise<void> {
    const ran = await this.#order(scenario, target, { do: 'hold', count })
    this.#expect(target, 'client_disconnect', ran.answers)
  }

  async release(scenario: Streamed, target: Target): Promise<void> {
    await this.#order(scenario, target, { do: 'release' })
  }

  /** What a target of ours holds once its garbage is collected; throws where it has no way to tell. */
  async collect(target: Target): Promise<Held> {
    if (!target.collect) throw new Error(`${target.name} cannot say what it holds`)
    const held = await target.collect()
    this.#expect(target, 'complete', 1)
    return held
  }

  /** The last request that reached the provider. */
  async lastSeen(): Promise<Seen | undefined> {
    const { seen } = await this.#upstream.ask<{ seen: Seen | undefined }>({})
    return seen
  }

  /** Ends one target before the others; throws what was wrong with its end or its log. */
  async end(target: Target): Promise<void> {
    this.#targets.delete(target.name)
    await target.stop()
    const exchanges = this.#exchanges.get(target.name) ?? {}
    this.#exchanges.delete(target.name)
    if (target.accessLog === undefined) return
    const problems = await checkAccessLog(target.accessLog, target.name, exchanges)
    if (problems.length > 0) throw new Error(problems.join('\n'))
  }

  /** Ends every process and removes every file; returns what was wrong with the gateways' ends and logs. */
  async strike(): Promise<string[]> {
    await this.#load.stop()
    const problems: string[] = []
    for (const target of this.#targets.values()) {
      try {
        await this.end(target)
      } catch (error) {
        problems.push((error as Error).message)
      }
    }
    await this.#upstream.stop()
    await this.#guard.stop()
    return problems
  }

  #expect({ name }: Target, outcome: Outcome, count: number): void {
    const exchanges = this.#exchanges.get(name) ?? {}
    exchanges[outcome] = (exchanges[outcome] ?? 0) + count
    this.#exchanges.set(name, exchanges)
  }

  async #order(scenario: Scenario, { name, url }: Target, verb: Verb): Promise<Ran> {
    const order: Order = { scenario: scenario.name, target: name, url, ...verb }
    const { ran, error } = await this.#load.ask<{ ran: Ran; error?: undefined } | { ran?: undefined; error: string }>(order)
    if (!ran) throw new Error(error)
    if (ran.wrong > 0) throw new Error(`${ran.wrong} of ${ran.answers} answers of ${name} are wrong:\n  ${ran.problems.join('\n  ')}`)
    return ran
  }
}
