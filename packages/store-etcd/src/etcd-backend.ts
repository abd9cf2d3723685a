import type { Logger } from '@sluice/kernel'
import { defaultGroup, renumber, type Backend, type Change, type Group, type GroupState, type KeepOptions, type Resource, type Store, UnavailableError } from '@sluice/store'
import { rank } from './candidate.ts'
import { writeValue } from './entry-value.ts'
import { EtcdClient, type EtcdClientOptions } from './etcd-client.ts'
import { Follower, type Source } from './follower.ts'
import { writeGroup } from './group-value.ts'
import { GuardedWrite } from './guarded-write.ts'
import { Intake } from './intake.ts'
import { KeyLayout } from './key-layout.ts'
import { Known } from './known.ts'
import { LastGoodFile } from './last-good-file.ts'

export interface EtcdBackendOptions extends EtcdClientOptions {
  /** What all keys begin with; `/apisix` by default. */
  readonly prefix?: string | undefined
  /** Where the last good configuration is kept, so that a gateway can start without etcd; none by default. */
  readonly cacheFile?: string | undefined
  readonly isReadonly?: boolean
  readonly log: Logger
}

/**
 * In etcd, where several gateways share it. A change is kept on top of the newest state or not at all; what others change
 * comes in by itself. While etcd is away nothing can be changed, and what was read last goes on serving.
 */
export class EtcdBackend implements Backend {
  readonly isReadonly: boolean
  readonly isLasting = true
  readonly #log: Logger
  readonly #layout: KeyLayout
  readonly #known = new Known()
  readonly #client: EtcdClient
  readonly #file: LastGoodFile | undefined
  readonly #write: GuardedWrite
  /** Resources that were written here. */
  readonly #own = new WeakSet<Resource>()
  #intake: Intake | undefined
  #follower: Follower | undefined

  constructor({ prefix = '/apisix', cacheFile, isReadonly = false, log, ...options }: EtcdBackendOptions) {
    this.isReadonly = isReadonly
    this.#log = log
    this.#layout = new KeyLayout(prefix)
    this.#client = new EtcdClient(options)
    this.#file = cacheFile === undefined ? undefined : new LastGoodFile(cacheFile, this.#known, log)
    this.#write = new GuardedWrite({ client: this.#client, known: this.#known, reached: async (revisions) => this.#intake?.reached(revisions) })
  }

  /** Where what is served comes from; undefined: nothing was read yet. */
  get source(): Source | undefined {
    return this.#follower?.source
  }

  /** Why etcd cannot be reached; undefined: it can, as far as is known. */
  get problem(): string | undefined {
    return this.#follower?.problem
  }

  /**
   * Has the store of this backend follow etcd from now on. Resolves once it holds what etcd does; where etcd does not answer,
   * once it holds the last good configuration, or once it is clear that there is none.
   */
  async follow(store: Store): Promise<void> {
    const file = this.#file
    const options = { store, layout: this.#layout, known: this.#known, log: this.#log }
    this.#intake = new Intake({ ...options, onTaken: () => this.#save() })
    this.#follower = new Follower({ client: this.#client, layout: this.#layout, known: this.#known, intake: this.#intake, log: this.#log, served: store.served, ...(file && { file }) })
    await this.#follower.start()
  }

  async keep(group: string, next: GroupState, changes: readonly Change[], { isUndo = false }: KeepOptions = {}): Promise<void> {
    const ours = isUndo ? changes.filter((change) => this.#isOwn(group, change)) : changes
    if (ours.length === 0) return
    this.#checkReachable()
    const written = inOrder(ours).map((change) => ({ ...change, key: this.#layout.keyOf(group, change.kind, change.id) }))
    const texts = written.map(({ key, kind, after }) => [key, after && writeValue(kind, after)] as const)
    const writes = new Map<string, string | undefined>(texts)
    this.#addGroup(group, writes)
    const revisions = await this.#write.write({ guard: this.#layout.guardOf(group), writes })
    for (const { key, kind, after } of written) {
      if (!after) continue
      this.#own.add(after)
      const revision = revisions.get(key) ?? 0
      // Metadata is kept without times: others do not know them either.
      renumber(after, { createdIndex: this.#createdOf(key, revision), modifiedIndex: revision, ...(kind === 'plugin_metadata' && { createTime: 0, updateTime: 0 }) })
    }
    this.#remember(writes, revisions, this.#layout.guardOf(group))
  }

  async keepGroups(groups: readonly Group[]): Promise<void> {
    this.#checkReachable()
    const wanted = new Map(groups.filter(({ id }) => id !== defaultGroup).map((group) => [this.#layout.groupKey(group.id), group]))
    const writes = new Map<string, string | undefined>()
    for (const [key, group] of wanted) {
      const text = writeGroup(group)
      if (this.#known.get(key)?.kept?.text !== text) writes.set(key, text)
    }
    const gone = [...this.#groupIds()].filter((id) => !wanted.has(this.#layout.groupKey(id)))
    for (const id of gone) writes.set(this.#layout.groupKey(id), undefined)
    const guard = this.#layout.groupsGuard
    const alsoExpected = gone.map((id) => this.#layout.guardOf(id))
    const revisions = await this.#write.write({ guard, writes, deletes: gone.map((id) => this.#layout.rangeOf(id)), alsoExpected })
    this.#remember(writes, revisions, guard)
    for (const id of gone) this.#forgetGroup(id, revisions.get(guard) ?? 0)
  }

  /** Stops following, and writes out what is to be kept. */
  async close(): Promise<void> {
    this.#intake?.close()
    await this.#follower?.close()
    await this.#file?.close()
    await this.#client.close()
  }

  /** Whoever asks is told at once where it is known already. */
  #checkReachable(): void {
    const problem = this.problem ?? (this.source ? undefined : 'nothing was read of it yet')
    if (problem !== undefined) throw new UnavailableError(`etcd cannot be reached, and what serves goes on serving; nothing was changed: ${problem}`)
  }

  /** What is undone: a change that was made here; what others have made is theirs to undo. */
  #isOwn(group: string, { kind, id, before }: Change): boolean {
    if (before) return this.#own.has(before)
    const entry = this.#known.get(this.#layout.keyOf(group, kind, id))
    return entry !== undefined && !entry.isPresent && entry.own > 0 && entry.own === entry.base
  }

  /** A group that is served before anybody has created it. */
  #addGroup(group: string, writes: Map<string, string | undefined>): void {
    if (group === defaultGroup) return
    const key = this.#layout.groupKey(group)
    if (this.#known.get(key)?.isPresent) return
    const seconds = Math.floor(Date.now() / 1_000)
    writes.set(key, writeGroup({ id: group, name: group, createdAt: seconds, updatedAt: seconds }))
  }

  #createdOf(key: string, revision: number): number {
    const entry = this.#known.get(key)
    return entry?.isPresent && entry.kept ? entry.kept.created : revision
  }

  #remember(writes: ReadonlyMap<string, string | undefined>, revisions: ReadonlyMap<string, number>, guard: string): void {
    for (const [key, text] of writes) {
      const revision = revisions.get(key) ?? 0
      this.#known.entry(key).write(revision, text === undefined ? undefined : { text, revision, created: this.#createdOf(key, revision) })
    }
    const revision = revisions.get(guard) ?? 0
    this.#known.entry(guard).write(revision, { text: '', revision, created: revision })
    this.#save()
  }

  *#groupIds(): Iterable<string> {
    for (const { key, isPresent } of this.#known.all()) {
      const place = this.#layout.placeOf(key)
      if (isPresent && place?.is === 'group') yield place.group
    }
  }

  #forgetGroup(id: string, revision: number): void {
    const { from, to } = this.#layout.rangeOf(id)
    for (const entry of this.#known.all()) if (entry.key >= from && entry.key < to) entry.write(revision, undefined)
    this.#save()
  }

  #save(): void {
    this.#file?.saveSoon()
  }
}

/** In parts of it others are to find nothing that is not fit to serve. */
function inOrder(changes: readonly Change[]): Change[] {
  return changes.toSorted((a, b) => rank(a.kind, a.after !== undefined) - rank(b.kind, b.after !== undefined))
}
