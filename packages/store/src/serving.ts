import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@sluice/kernel'
import type { Judge } from './backend.ts'
import type { Draft } from './draft.ts'
import type { GroupState } from './group-state.ts'
import type { Pace } from './pace.ts'

export type Edit<T = unknown> = (draft: Draft) => T

/** A change that is kept and not served yet. */
export interface Pending {
  readonly edit: Edit
  /** What the edit gave when it ran last. */
  value: unknown
  readonly served: Promise<void>
  /** Whoever asked for it has been told that it is kept. */
  isAnswered: boolean
}

interface Waiting extends Pending {
  resolve(): void
  reject(error: unknown): void
}

export interface ServingOptions {
  readonly judge: Judge
  readonly log: Logger
  readonly pace: Pace
  /** Served already. */
  readonly state: GroupState
  /** What is kept now. */
  current(): GroupState
  inTurn<T>(step: () => Promise<T>): Promise<T>
  apply<T>(edit: Edit<T>, base: GroupState): Promise<{ value: T; state: GroupState }>
  keep(state: GroupState): Promise<void>
}

/** Milliseconds for which changes gather while nobody waits for them. */
const gatherMs = { least: 20, most: 60 }
/** Milliseconds after which a change is to be served. */
const promisedMs = 100

/** Has the data plane follow what is kept: several changes at once where they come faster than it takes them in. */
export class Serving {
  readonly #options: Omit<ServingOptions, 'state'>
  #state: GroupState
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined

  /** `state` is not kept beyond the next one: what was read of it would stay with it. */
  constructor({ state, ...options }: ServingOptions) {
    this.#options = options
    this.#state = state
  }

  /** A change was kept. */
  add(edit: Edit, value: unknown): Pending {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiting: Waiting = { edit, value, served: promise, isAnswered: false, resolve, reject }
    this.#waiting.push(waiting)
    this.#running ??= this.#run().finally(() => (this.#running = undefined))
    return waiting
  }

  /** Resolves once nothing waits. */
  async idle(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Those who came together are served together; a turn shows who they are.
      if (this.#options.pace.hasTimeToWait) await sleep(0)
      else await sleep(Math.max(gatherMs.least, Math.min(gatherMs.most, promisedMs - 2 * this.#options.pace.servingMs)))
      await this.#serve(this.#waiting.splice(0))
    }
  }

  async #serve(batch: readonly Waiting[]): Promise<void> {
    const { judge, current, pace, inTurn } = this.#options
    const state = current()
    const started = performance.now()
    try {
      await judge.serve(state)
      this.#state = state
      pace.served(performance.now() - started)
    } catch (error) {
      await inTurn(() => this.#takeBack([...batch, ...this.#waiting.splice(0)], error))
      return
    }
    for (const { resolve } of batch) resolve()
  }

  /** One of several changes cannot be served: each is tried by itself, and those that fail are undone. */
  async #takeBack(batch: readonly Waiting[], failure: unknown): Promise<void> {
    const { judge, apply, keep, log } = this.#options
    const [only] = batch
    const undone = new Map<Waiting, unknown>(batch.length === 1 && only ? [[only, failure]] : [])
    for (const one of batch) {
      if (undone.has(one)) continue
      try {
        const { value, state } = await apply(one.edit, this.#state)
        one.value = value
        if (state !== this.#state) await judge.serve(state)
        this.#state = state
      } catch (error) {
        undone.set(one, error)
      }
    }
    try {
      await keep(this.#state)
    } catch (err) {
      log.error({ err }, 'what could not be served is still kept, and could not be undone')
    }
    for (const one of batch) {
      const error = undone.get(one)
      if (!undone.has(one)) one.resolve()
      else {
        if (one.isAnswered) log.error({ problems: [error instanceof Error ? error.message : String(error)] }, 'a change that was accepted cannot be served, and was undone')
        one.reject(error)
      }
    }
  }
}
