import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@sluice/kernel'
import { backoffMs } from './backoff.ts'
import type { EtcdClient } from './etcd-client.ts'
import { EtcdAwayError, EtcdError } from './etcd-error.ts'
import type { Intake } from './intake.ts'
import type { KeyLayout } from './key-layout.ts'
import type { Known } from './known.ts'
import type { LastGoodFile } from './last-good-file.ts'
import { fromKeyValue, type Observation } from './observation.ts'
import { readAll, type Listing } from './read-all.ts'
import { watch, type Told } from './watch.ts'
import { toBase64, type WireRange } from './wire.ts'

/** Milliseconds that a start waits for etcd before it goes on without. */
const startMs = 5_000
/** Milliseconds that a start waits for what etcd holds to be read, and set up, once etcd has answered. */
const readMs = 60_000
/** Milliseconds between two looks whether etcd still answers. */
const lookMs = 2_000
/** Milliseconds between two lines that say that etcd is still away. */
const remindMs = 30_000

/** Milliseconds for which etcd must have been there, for its going away not to count as one of a row. */
const steadyMs = 10_000
/** Looks between two times that what is long gone is forgotten. */
const looksToForget = 30

/** `etcd`: what serves is what etcd holds. `last-good`: etcd is away, and what was read of it last serves. */
export type Source = 'etcd' | 'last-good'

export interface FollowerOptions {
  readonly client: EtcdClient
  readonly layout: KeyLayout
  readonly known: Known
  readonly intake: Intake
  readonly log: Logger
  /** The group that is served. */
  readonly served: string
  readonly file?: LastGoodFile
}

/** Reads what etcd holds, watches what changes, and begins again wherever that breaks off, from where it was. */
export class Follower {
  readonly #options: FollowerOptions
  readonly #closing = new AbortController()
  /** Resolves once it is known how the start goes. */
  readonly #started = Promise.withResolvers<void>()
  #running: Promise<void> | undefined
  #source: Source | undefined
  /** Which etcd was read. */
  #cluster: string | undefined
  /** The last revision that was told of each range. */
  #positions: number[] = []
  /** It has answered, and everything is read. */
  #isReading = false
  #failures = 0
  #backAt = 0
  #remindedAt = 0
  #problem: string | undefined

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  get source(): Source | undefined {
    return this.#source
  }

  /** Why etcd cannot be reached; undefined: it can. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Resolves once there is what etcd holds, or what it held last, or neither in time. */
  async start(): Promise<void> {
    const { file, intake } = this.#options
    const lastGood = await file?.read()
    if (lastGood) {
      // Known to be good: of what etcd holds now, some may not be.
      await intake.add(lastGood.observations)
      this.#cluster = lastGood.cluster
      this.#source = 'last-good'
    }
    this.#running = this.#run()
    await this.#startedWithin(startMs)
    if (this.#isReading) await this.#startedWithin(readMs)
  }

  async #startedWithin(ms: number): Promise<void> {
    const late = new AbortController()
    const timeUp = sleep(ms, undefined, { signal: late.signal }).catch(() => {}) // not needed any more
    await Promise.race([this.#started.promise, timeUp])
    late.abort()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      const attempt = new AbortController()
      try {
        const either = AbortSignal.any([signal, attempt.signal])
        await this.#catchUp(either)
        this.#isBack()
        await Promise.race([this.#watch(either), this.#lookAgainAndAgain(either)])
      } catch (error) {
        if (!signal.aborted) await this.#fail(error as Error)
      } finally {
        attempt.abort()
      }
    }
  }

  /** Reads everything, unless it was read and can be watched on from there. */
  async #catchUp(signal: AbortSignal): Promise<void> {
    const { client, layout, intake, known, file } = this.#options
    const { header } = await this.#look(signal)
    const newest = known.newest()
    this.#isReading = true
    const isSame = header.cluster_id === this.#cluster && Number(header.revision ?? 0) >= newest
    if (isSame && this.#positions.length > 0) return
    const listing = await readAll(client, layout.ranges, signal)
    const { cluster, revision } = listing
    // Another etcd, or one that was restored from before: its revisions are others.
    if (!isSame) for (const entry of known.all()) entry.forget()
    this.#cluster = cluster
    if (file) file.cluster = cluster
    await intake.add(withGone(listing, known))
    known.prune(revision)
    this.#positions = layout.ranges.map(() => revision)
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { client, layout, intake } = this.#options
    const watched = layout.ranges.map((range, index) => ({ range, from: (this.#positions[index] ?? 0) + 1 }))
    try {
      for await (const told of watch(client, watched, signal)) {
        if (told.observations.length === 0) continue
        this.#advance(told)
        void intake.add(told.observations)
      }
    } catch (error) {
      if (error instanceof EtcdError && error.isCompacted) this.#positions = []
      else throw error
      return
    }
    throw new Error('etcd has ended the watch')
  }

  #advance({ watch: index, observations }: Told): void {
    this.#positions[index] = Math.max(this.#positions[index] ?? 0, ...observations.map(({ revision }) => revision))
  }

  /** Rejects once etcd does not answer any more, or once it shows a change that the watch has not told of. */
  async #lookAgainAndAgain(signal: AbortSignal): Promise<void> {
    const { known, layout, served, client } = this.#options
    const guard = layout.guardOf(served)
    const watched = layout.ranges.findIndex(({ from, to }) => guard >= from && guard < to)
    let missed = 0
    for (let looks = 1; ; looks++) {
      await sleep(lookMs, undefined, { signal, ref: false })
      if (looks % looksToForget === 0 && this.#positions.length > 0) known.prune(Math.min(...this.#positions))
      const { kvs = [] } = await this.#look(signal)
      const newest = kvs.map(fromKeyValue)[0]?.revision ?? 0
      missed = newest > (this.#positions[watched] ?? newest) ? missed + 1 : 0
      if (missed < 2) continue
      client.leaveMember()
      throw new Error('the watch does not tell what changes')
    }
  }

  /** The guard of the group that is served. */
  #look(signal: AbortSignal): Promise<WireRange> {
    const { client, layout, served } = this.#options
    return client.call('/v3/kv/range', { key: toBase64(layout.guardOf(served)) }, signal)
  }

  #isBack(): void {
    this.#backAt = performance.now()
    this.#problem = undefined
    if (this.#failures > 0 && this.#source !== 'etcd') this.#options.log.info({}, 'etcd is reached again, and what serves is what it holds')
    this.#source = 'etcd'
    this.#started.resolve()
  }

  async #pause(ms: number): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: this.#closing.signal, ref: false })
    } catch {
      // It closes.
    }
  }

  async #fail(error: Error): Promise<void> {
    const { log } = this.#options
    if (this.#problem === undefined && performance.now() - this.#backAt > steadyMs) this.#failures = 0
    this.#isReading = false
    this.#failures += 1
    // A watch that ends is begun anew, and nobody needs to know; who cannot begin it is without etcd.
    if (this.#failures > 1 || error instanceof EtcdAwayError || this.#source !== 'etcd') {
      const wasThere = this.#source === 'etcd'
      this.#problem = error.message
      if (wasThere) this.#source = 'last-good'
      this.#started.resolve()
      if (wasThere || performance.now() - this.#remindedAt > remindMs || this.#remindedAt === 0) {
        this.#remindedAt = performance.now()
        if (this.#source) log.warn({ problems: [error.message] }, 'etcd cannot be reached; what was read of it last goes on serving, and nothing can be changed')
        else log.error({ problems: [error.message] }, 'etcd cannot be reached, and nothing was ever read of it: requests are answered with 503 until it can be')
      }
    }
    await this.#pause(backoffMs(this.#failures))
  }
}

/** With those that were there, and are not found any more. */
function withGone({ found, revision }: Listing, known: Known): Observation[] {
  const keys = new Set(found.map(({ key }) => key))
  const gone = [...known.all()].filter(({ key, isPresent, kept }) => (isPresent || kept) && !keys.has(key))
  return [...found, ...gone.map(({ key }) => ({ key, revision, created: 0, text: undefined }))]
}
