import { setTimeout as sleep } from 'node:timers/promises'
import { kinds, type Kind } from '@sluice/config'
import { TimeSlice, type Logger } from '@sluice/kernel'
import { defaultGroup, InvalidChangeError, type Draft, type GroupState, type Store } from '@sluice/store'
import { byCreation, inOrder, isOvertaken, issuesOf, reasonOf, take, toCandidate, type Candidate } from './candidate.ts'
import { GroupList } from './group-list.ts'
import type { KeyLayout, Place } from './key-layout.ts'
import type { Known } from './known.ts'
import type { Observation } from './observation.ts'
import { Reached } from './reached.ts'

/** Milliseconds for which what comes together gathers. */
const gatherMs = { least: 10, most: 100 }
/** Milliseconds for which the rest of a change is waited for that takes more than one transaction. */
const restMs = 2_000
/** Milliseconds until it is tried again to serve what could not be for no fault of its own. */
const againMs = 1_000

export interface IntakeOptions {
  readonly store: Store
  readonly layout: KeyLayout
  readonly known: Known
  readonly log: Logger
  /** Something was taken in, or refused. */
  onTaken(): void
}

/**
 * Has a store follow what was observed in etcd: what comes together becomes one change. What does not fit is refused by
 * itself, is told in the log with its key, and is tried again with whatever comes next; the rest is taken in.
 */
export class Intake {
  readonly #options: IntakeOptions
  readonly #groups: GroupList
  readonly #reached: Reached
  #waiting: Observation[] = []
  #running: Promise<void> | undefined
  #isClosed = false

  constructor(options: IntakeOptions) {
    this.#options = options
    this.#groups = new GroupList(options)
    this.#reached = new Reached(options.known)
  }

  /** Takes it in, in its order; resolves once it has. */
  async add(observations: readonly Observation[]): Promise<void> {
    this.#waiting = this.#waiting.concat(observations)
    this.#running ??= this.#run()
    await this.#running
  }

  /** Resolves once the newest of these keys has been taken in, or refused: where they are at these revisions; 0: gone. */
  reached(revisions: ReadonlyMap<string, number>): Promise<void> {
    return this.#reached.wait(revisions)
  }

  close(): void {
    this.#isClosed = true
  }

  async #run(): Promise<void> {
    // Also with nothing: a group that is known to be empty is not pending any more.
    do {
      await this.#gather()
      const batch = this.#waiting.splice(0)
      try {
        await this.#takeIn(batch)
      } catch (err) {
        if (this.#isClosed) break
        this.#options.log.error({ err }, 'what has changed in etcd cannot be served at the moment; it will be tried again')
        await sleep(againMs, undefined, { ref: false })
        this.#retry(batch)
      }
      this.#reached.look()
      this.#options.onTaken()
    } while (this.#waiting.length > 0 && !this.#isClosed)
    // At once: whoever adds something before this promise is seen to be fulfilled begins anew.
    this.#running = undefined
  }

  /** Until nothing more comes at once, or it takes too long. */
  async #gather(): Promise<void> {
    const started = performance.now()
    for (let count = -1; count !== this.#waiting.length || this.#isOpen(); ) {
      count = this.#waiting.length
      await sleep(gatherMs.least)
      const waited = performance.now() - started
      if (waited > restMs || (waited > gatherMs.most && !this.#isOpen())) return
    }
  }

  /** Whether the rest of a change is still to come. */
  #isOpen(): boolean {
    const last = this.#waiting.findLast(({ key }) => this.#options.layout.placeOf(key)?.is === 'guard')
    return last?.text?.includes('"more":true') === true
  }

  #retry(batch: readonly Observation[]): void {
    for (const { key, revision } of batch) {
      const entry = this.#options.known.entry(key)
      if (entry.base < revision && entry.seen === revision) entry.seen = entry.base
    }
    this.#waiting = [...batch, ...this.#waiting]
  }

  async #takeIn(batch: readonly Observation[]): Promise<void> {
    const { known, layout, store } = this.#options
    const slice = new TimeSlice()
    const newest = new Map<string, { readonly observation: Observation; readonly place: Place }>()
    /** Also those of which only what was written here has come back. */
    const touched = new Set([defaultGroup, store.served])
    for (const observation of batch) {
      const place = layout.placeOf(observation.key)
      if (!place) continue
      if (place.is !== 'groups') touched.add(place.group)
      const entry = known.entry(observation.key)
      if (observation.revision <= entry.seen) continue
      entry.seen = observation.revision
      newest.set(observation.key, { observation, place })
    }
    const candidates = new Map<string, Candidate[]>()
    for (const { observation, place } of newest.values()) {
      if (slice.isOver) await slice.rest()
      if (place.is !== 'resource') continue
      const candidate = this.#read(observation, place)
      if (!candidate) continue
      const others = candidates.get(place.group)
      if (others) others.push(candidate)
      else candidates.set(place.group, [candidate])
    }
    const tellsOfGroups = this.#groups.take([...newest.values()])
    if (tellsOfGroups || [...candidates.keys()].some((group) => !store.state(group))) await this.#groups.grow(candidates.keys())
    const revision = Math.max(0, ...batch.map((one) => one.revision))
    for (const group of touched) if (store.state(group)) await this.#takeGroup(group, candidates.get(group) ?? [], revision)
    if (tellsOfGroups) await this.#groups.settle()
    for (const { observation, place } of newest.values()) {
      const entry = known.entry(observation.key)
      if (place.is !== 'resource' && place.is !== 'group' && entry.own < observation.revision) entry.take(observation)
    }
  }

  async #takeGroup(group: string, candidates: readonly Candidate[], revision: number): Promise<void> {
    const { store } = this.#options
    const again = this.#refused(group, new Set(candidates.map(({ entry }) => entry.key)))
    await this.#fit(group, inOrder([...candidates, ...again]), revision)
    const state = store.state(group)
    const overwritten = [...this.#overwritten(group)]
    if (!state || (isSorted(state) && !state.isPending && overwritten.length === 0)) return
    const edit = (draft: Draft): void => {
      settle(draft)
      for (const [kind, id] of overwritten) {
        const resource = draft.get(kind, id)
        if (resource) draft.take(kind, { ...resource, isOverwritten: true })
      }
    }
    await store.change(group, edit, { isNew: false })
  }

  /** What goes on serving as it was, although something else stands in etcd by now. */
  *#overwritten(group: string): Iterable<readonly [kind: Kind, id: string]> {
    const { known, layout, store } = this.#options
    for (const { key, kept } of known.refused()) {
      const place = layout.placeOf(key)
      if (!kept || place?.is !== 'resource' || place.group !== group) continue
      const resource = store.state(group)?.get(place.kind, place.id)
      if (resource && !resource.isOverwritten) yield [place.kind, place.id]
    }
  }

  /** Takes in what fits, all at once where all of it does. */
  async #fit(group: string, candidates: readonly Candidate[], revision: number): Promise<void> {
    if (candidates.length === 0) return
    try {
      await this.#options.store.change(group, (draft) => settle(draft, candidates), { isNew: false, revision })
      for (const candidate of candidates) if (!isOvertaken(candidate)) this.#accept(candidate)
    } catch (error) {
      if (!(error instanceof InvalidChangeError)) throw error
      const { issues } = error
      const wrong = candidates.length === 1 ? candidates : candidates.filter((candidate) => issuesOf(candidate, issues).length > 0)
      for (const candidate of wrong) if (!isOvertaken(candidate)) this.#refuse(candidate.observation, reasonOf(candidate, issues))
      if (wrong.length > 0) {
        const refused = new Set(wrong)
        return this.#fit(group, candidates.filter((candidate) => !refused.has(candidate)), revision)
      }
      // Something is wrong with what is there already once these are there, too: the half that has it is found out.
      const half = Math.ceil(candidates.length / 2)
      await this.#fit(group, candidates.slice(0, half), revision)
      await this.#fit(group, candidates.slice(half), revision)
    }
  }

  #read(observation: Observation, { kind, id }: Extract<Place, { is: 'resource' }>): Candidate | undefined {
    const candidate = toCandidate(this.#options.known.entry(observation.key), observation, kind, id)
    if (!('problem' in candidate)) return candidate
    this.#refuse(observation, candidate.problem)
    return undefined
  }

  #accept({ entry, observation }: Candidate): void {
    if (entry.refused) this.#options.log.info({ key: entry.key }, 'what was refused in etcd is taken now')
    entry.take(observation)
  }

  #refuse(observation: Observation, reason: string): void {
    const entry = this.#options.known.entry(observation.key)
    const isKnown = entry.refused?.reason === reason && entry.refused.observation.revision === observation.revision
    entry.refuse(observation, reason)
    if (isKnown) return
    const fate = entry.kept ? 'what it was before goes on serving' : 'the rest serves without it'
    this.#options.log.error({ key: entry.key, problems: [reason] }, `a value in etcd is refused; ${fate}`)
  }

  /** What was refused before, and may fit now. */
  #refused(group: string, except: ReadonlySet<string>): Candidate[] {
    const { known, layout } = this.#options
    const candidates: Candidate[] = []
    for (const entry of known.refused()) {
      const { key, refused } = entry
      const place = layout.placeOf(key)
      if (!refused || except.has(key) || place?.is !== 'resource' || place.group !== group) continue
      const candidate = toCandidate(entry, refused.observation, place.kind, place.id)
      if (!('problem' in candidate)) candidates.push(candidate)
    }
    return candidates
  }
}

function isSorted(state: GroupState): boolean {
  return kinds.every((kind) => {
    const resources = [...state.all(kind).values()]
    return resources.every((one, index) => index === 0 || byCreation(resources[index - 1] ?? one, one) <= 0)
  })
}

function settle(draft: Draft, candidates: readonly Candidate[] = []): void {
  take(draft, candidates)
  draft.settle()
}
