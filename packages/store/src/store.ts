import type { Logger } from '@sluice/kernel'
import type { Backend, Judge } from './backend.ts'
import { changesBetween, Draft, type Change } from './draft.ts'
import { ConflictError, InvalidChangeError, OutdatedError, ReadonlyError, UnknownGroupError } from './errors.ts'
import { Expiry } from './expiry.ts'
import { emptyState, type GroupState } from './group-state.ts'
import { defaultGroup, type Group } from './group.ts'
import { Pace } from './pace.ts'
import { Serving, type Edit, type Pending } from './serving.ts'

export interface StoreOptions {
  readonly backend: Backend
  readonly judge: Judge
  readonly log: Logger
  /** What the groups hold to begin with; `default` is among them in any case. */
  readonly groups?: ReadonlyMap<string, { readonly group: Group; readonly state: GroupState }>
  /** The group that the data plane serves; it serves its state already. */
  readonly served?: string
  /** Unix time, milliseconds. */
  readonly now?: () => number
}

export interface ChangeOptions {
  /** False: the backend has it already, it is where the change comes from. */
  readonly isNew?: boolean
  /** Under which the backend has it, where the backend counts. */
  readonly revision?: number
}

/** A change that waits for its turn. */
interface Asked {
  readonly edit: Edit
  readonly isNew: boolean
  readonly revision: number
  /** How often it was made on a state that was not the newest. */
  attempts: number
  /** When that was first, on `performance.now()`. */
  firstAt?: number
  resolve(made: { readonly value: unknown; readonly pending?: Pending }): void
  reject(error: unknown): void
}

/** Changes that are kept together, at most. */
const mostTogether = 100
/** How often a change is made again because somebody else was faster; each time one of them has got through. */
const mostAttempts = 50
/** Milliseconds after which it is not made again any more. */
const longestMs = 15_000

interface Held {
  group: Group
  state: GroupState
}

/**
 * Resources by gateway group. Changes run one after another; each is checked whole before anything of it is kept, and
 * what reads after it sees it. A change of the group that is served is answered once the data plane serves it; where
 * changes come faster than that, once it is kept, and it is served within 100 ms.
 */
export class Store {
  readonly isReadonly: boolean
  readonly isLasting: boolean
  /** The group that the data plane serves. */
  readonly served: string
  readonly #backend: Backend
  readonly #judge: Judge
  readonly #now: () => number
  readonly #groups = new Map<string, Held>()
  readonly #serving: Serving
  readonly #expiry: Expiry
  readonly #pace = new Pace()
  #revision = 0
  #last: Promise<unknown> = Promise.resolve()
  /** Changes that wait for their turn together. */
  #gathering: { readonly group: string; readonly all: Asked[] } | undefined

  constructor({ backend, judge, log, groups = new Map(), served = defaultGroup, now = Date.now }: StoreOptions) {
    this.isReadonly = backend.isReadonly
    this.isLasting = backend.isLasting
    this.served = served
    this.#backend = backend
    this.#judge = judge
    this.#now = now
    const seconds = Math.floor(now() / 1_000)
    const first: Group = { id: defaultGroup, name: defaultGroup, createdAt: seconds, updatedAt: seconds }
    this.#groups.set(defaultGroup, { group: first, state: emptyState })
    for (const [id, held] of groups) {
      this.#groups.set(id, { ...held })
      this.#revision = Math.max(this.#revision, held.state.revision)
    }
    this.#serving = new Serving({
      judge,
      log,
      pace: this.#pace,
      state: this.state(served) ?? emptyState,
      current: () => this.#heldOf(served).state,
      inTurn: (step) => this.#inTurn(step),
      apply: (edit, base) => this.#apply(edit, base),
      keep: (state) => this.#keepAgain(served, state),
    })
    this.#expiry = new Expiry(now, (group, ids) => this.#expire(group, ids))
  }

  groups(): readonly Group[] {
    return [...this.#groups.values()].map(({ group }) => group)
  }

  /** By its id, else by its name. */
  group(idOrName: string): Group | undefined {
    return this.#groups.get(idOrName)?.group ?? this.groups().find(({ name }) => name === idOrName)
  }

  /** What a group holds now; undefined where there is none. */
  state(group: string): GroupState | undefined {
    return this.#groups.get(group)?.state
  }

  /**
   * Changes a group by a pure `edit`, which may run again on a later state; what it gives is given back, what it throws
   * is thrown and nothing changes. Rejects with an `InvalidChangeError`, `ConflictError`, `ReadonlyError` or `UnknownGroupError`.
   */
  async change<T>(group: string, edit: (draft: Draft) => T, { isNew = true, revision = 0 }: ChangeOptions = {}): Promise<T> {
    if (this.isReadonly && isNew) throw new ReadonlyError('the store is read-only')
    const { value, pending } = await this.#asked(group, edit, isNew, revision)
    if (!pending) return value
    this.#pace.came()
    if (!isNew || this.#pace.hasTimeToWait) {
      await pending.served
      return pending.value as T
    }
    pending.isAnswered = true
    pending.served.catch(() => {}) // told in the log, by whoever finds it out
    return value
  }

  /** Takes in which groups there are, as the backend has them; the default group, and the one that is served, stay in any case. */
  async takeGroups(groups: ReadonlyMap<string, Group>): Promise<void> {
    await this.#inTurn(async () => {
      for (const id of this.#groups.keys()) if (!groups.has(id) && id !== defaultGroup && id !== this.served) this.#groups.delete(id)
      for (const [id, group] of groups) this.#groups.set(id, { group, state: this.#groups.get(id)?.state ?? emptyState })
    })
  }

  /** Creates a group, or changes what is told about it. Rejects with a `ReadonlyError`. */
  async putGroup(id: string, about: Pick<Group, 'name' | 'description' | 'labels'>): Promise<Group> {
    if (this.isReadonly) throw new ReadonlyError('the store is read-only')
    return this.#inTurnOnNewest(async () => {
      const seconds = Math.floor(this.#now() / 1_000)
      const held = this.#groups.get(id)
      const group: Group = { ...about, id, createdAt: held?.group.createdAt ?? seconds, updatedAt: seconds }
      const others = this.groups().filter((one) => one.id !== id)
      const taken = others.find(({ name, id: other }) => name === group.name || other === group.name || name === id)
      if (taken) throw new ConflictError(`gateway group ${taken.id} is called ${JSON.stringify(taken.name)} already`)
      await this.#backend.keepGroups([...others, group])
      this.#groups.set(id, { group, state: held?.state ?? emptyState })
      return group
    })
  }

  /** Deletes a group with what it holds; false: there was none. The default group, and the one that is served, stay: a `ConflictError`. */
  async deleteGroup(id: string): Promise<boolean> {
    if (this.isReadonly) throw new ReadonlyError('the store is read-only')
    return this.#inTurnOnNewest(async () => {
      if (!this.#groups.has(id)) return false
      if (id === defaultGroup) throw new ConflictError('the group default cannot be deleted')
      if (id === this.served) throw new ConflictError(`the data plane serves group ${id}; it cannot be deleted`)
      await this.#backend.keepGroups(this.groups().filter((one) => one.id !== id))
      this.#groups.delete(id)
      return true
    })
  }

  /** Waits for the changes that are under way; further ones are not served. */
  async close(): Promise<void> {
    this.#expiry.close()
    await this.#last
    await this.#serving.idle()
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#last.then(step)
    this.#last = done.catch(() => {}) // whoever asked for it is told
    return done
  }

  async #inTurnOnNewest<T>(step: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#inTurn(step)
      } catch (error) {
        if (!(error instanceof OutdatedError) || attempt === mostAttempts) throw error
        await error.caughtUp
      }
    }
  }

  /** Those of one group that come while others are at work are kept together: with a file that is one write. */
  #asked<T>(group: string, edit: Edit<T>, isNew: boolean, revision: number): Promise<{ value: T; pending?: Pending }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ value: T; pending?: Pending }>()
    this.#queue(group, { edit, isNew, revision, attempts: 0, resolve: resolve as Asked['resolve'], reject })
    return promise
  }

  #queue(group: string, asked: Asked): void {
    const last = this.#gathering
    if (last && last.group === group && asked.isNew && last.all.every((one) => one.isNew) && last.all.length < mostTogether) last.all.push(asked)
    else {
      const gathering = { group, all: [asked] }
      this.#gathering = gathering
      void this.#inTurn(async () => {
        if (this.#gathering === gathering) this.#gathering = undefined
        await this.#changeAll(group, gathering.all)
      })
    }
  }

  /** Somebody else was faster: once that is here, the change is made on top of it, and checked whole again. */
  async #again(group: string, asked: Asked, { caughtUp }: OutdatedError): Promise<void> {
    asked.attempts += 1
    asked.firstAt ??= performance.now()
    if (asked.attempts >= mostAttempts || performance.now() - asked.firstAt > longestMs) return asked.reject(new ConflictError('others keep changing the configuration at the same time; try again'))
    await caughtUp
    this.#queue(group, asked)
  }

  async #changeAll(id: string, all: readonly Asked[]): Promise<void> {
    const held = this.#groups.get(id)
    const made: { readonly asked: Asked; readonly value: unknown; readonly changes: readonly Change[] }[] = []
    let { state } = held ?? { state: emptyState }
    for (const asked of all) {
      try {
        if (!held) throw new UnknownGroupError(id)
        const applied = await this.#apply(asked.edit, state, asked.revision)
        if (applied.state === state) asked.resolve({ value: applied.value })
        else made.push({ asked, ...applied })
        state = applied.state
      } catch (error) {
        asked.reject(error)
      }
    }
    if (!held || made.length === 0) return
    try {
      if (all[0]?.isNew) await this.#backend.keep(id, state, made.length === 1 ? (made[0]?.changes ?? []) : changesBetween(held.state, state))
    } catch (error) {
      for (const { asked } of made) {
        if (error instanceof OutdatedError) void this.#again(id, asked, error)
        else asked.reject(error)
      }
      return
    }
    held.state = state
    for (const { asked, value, changes } of made) {
      this.#expiry.watch(id, changes)
      asked.resolve(id === this.served ? { value, pending: this.#serving.add(asked.edit, value) } : { value })
    }
  }

  /** Runs an edit and checks what comes of it. */
  async #apply<T>(edit: Edit<T>, base: GroupState, revision = 0): Promise<{ value: T; state: GroupState; changes: readonly Change[] }> {
    const draft = new Draft(base, Math.max(this.#revision + 1, revision), this.#now())
    const value = edit(draft)
    const state = draft.finish()
    const changes = draft.changes()
    if (state === base) return { value, state, changes }
    const issues = await this.#judge.check(state, base, changes)
    if (issues.length > 0) throw new InvalidChangeError(issues)
    this.#revision = state.revision
    return { value, state, changes }
  }

  /** Goes back to a state without what could not be served. */
  async #keepAgain(id: string, state: GroupState): Promise<void> {
    const held = this.#heldOf(id)
    if (held.state === state) return
    await this.#backend.keep(id, state, changesBetween(held.state, state), { isUndo: true })
    held.state = state
  }

  async #expire(group: string, due: readonly (readonly [kind: Parameters<Draft['delete']>[0], id: string])[]): Promise<void> {
    const now = this.#now()
    await this.change(group, (draft) => {
      for (const [kind, id] of due) {
        // It may have been written again meanwhile.
        if ((draft.get(kind, id)?.expiresAt ?? Infinity) <= now) draft.delete(kind, id, { force: true })
      }
    })
  }

  #heldOf(id: string): Held {
    const held = this.#groups.get(id)
    if (!held) throw new UnknownGroupError(id)
    return held
  }
}
