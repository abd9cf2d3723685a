import { FileStore, kinds, type Env, type FileDocument, type Kind } from '@sluice/config'
import { ConfigError, TimeSlice, type Kernel, type Logger } from '@sluice/kernel'
import { defaultGroup, Draft, emptyState, InvalidChangeError, FileBackend, pendingState, recoverChanges, Store, type Group, type GroupState, type HeldGroup, type Judge, type TextChange, type Value } from '@sluice/store'
import { isDeepStrictEqual } from 'node:util'
import { EtcdBackend, type Source } from '@sluice/store-etcd'
import { FileText } from './file-text.ts'
import { InOrder } from './in-order.ts'
import { InvalidConfigError } from './invalid-config-error.ts'
import { openBackend, type OwnBackend } from './open-backend.ts'
import { judge, readConfig, strangers, type KernelSource, type ReadConfig } from './read-config.ts'

/** Has the data plane serve what was read of `state`. Rejects with a `ConfigError` or an `InvalidChangeError`, and then nothing has changed. */
export type Serve = (read: ReadConfig, state: GroupState) => Promise<void>

interface Opened {
  readonly source: KernelSource
  readonly text: FileText
  readonly kernel: Kernel
  readonly read: ReadConfig
  readonly watched: FileStore
  readonly backend: OwnBackend
}

/** What a gateway serves: read from its file, changed through its store or with the file. */
export class Configuration {
  readonly kernel: Kernel
  readonly store: Store
  /** Tells when somebody else has changed the file. */
  readonly watched: FileStore
  readonly #backend: OwnBackend
  readonly #env: Env
  readonly #file: string
  readonly #log: Logger
  /** What was read of the states that may still be served or changed. */
  readonly #reads = new WeakMap<GroupState, ReadConfig>()
  readonly #changes = new InOrder()
  #serve: Serve = async () => {}
  /** Of the file as it was read last. */
  #text: FileText
  #state: GroupState

  /** Reads the file, and what stands beside it. Rejects with an `InvalidConfigError`. */
  static async open(asRead: KernelSource): Promise<Configuration> {
    const source = await withRecovered(asRead)
    const { text, kernel, read } = await readConfig(source)
    const watched = new FileStore(source.file, source.text)
    const backend = await openBackend(source, read, watched).catch(async (error: unknown) => {
      throw await text.explained(error)
    })
    const configuration = new Configuration({ source, text, kernel, read, watched, backend })
    await configuration.#checkServed()
    return configuration
  }

  private constructor({ source, text, kernel, read, watched, backend }: Opened) {
    this.kernel = kernel
    this.watched = watched
    this.#backend = backend
    this.#env = source.env
    this.#file = source.file
    this.#log = source.log
    this.#text = text
    const isPending = backend instanceof EtcdBackend
    const draft = new Draft(isPending ? pendingState : emptyState, 1, Date.now())
    load(draft, text.document)
    const state = draft.finish()
    this.#reads.set(state, { ...read, isPending })
    const { log } = source
    const { group: served } = read.settings
    const groups = new Map(backend instanceof FileBackend ? backend.groups : [])
    groups.set(defaultGroup, { group: groupNamed(defaultGroup), state })
    if (served !== defaultGroup) groups.set(served, withSettings(groups.get(served) ?? { group: groupNamed(served), state: isPending ? pendingState : emptyState }, text.document.settings))
    this.#state = groups.get(served)?.state ?? state
    this.store = new Store({ backend, judge: this.#judge, log, groups, served })
  }

  /** What serves now. */
  get read(): ReadConfig {
    return this.#readOf(this.#state)
  }

  get state(): GroupState {
    return this.#state
  }

  /** Says who serves what changes; call it once that serves what was read at the beginning. */
  serveWith(serve: Serve): void {
    this.#serve = serve
  }

  /** The same error; where it tells of issues, the `InvalidConfigError` that says where in the file they are. */
  explained(error: unknown): Promise<unknown> {
    return this.#text.explained(error)
  }

  /** Serves another text of the file. Rejects with an `InvalidConfigError`, or where it cannot be served, and then nothing has changed. */
  apply(text: string): Promise<void> {
    return this.#changes.run(() => this.#apply(text))
  }

  /**
   * Begins to follow what others change where it is kept; call it once somebody serves. Resolves once it is known what is
   * to be served, or that this cannot be found out for now.
   */
  async begin(): Promise<void> {
    if (this.#backend instanceof EtcdBackend) await this.#backend.follow(this.store)
  }

  /** What there is to say of where it comes from. */
  get about(): { readonly configuration?: Source | 'none' } {
    return this.#backend instanceof EtcdBackend ? { configuration: this.#backend.source ?? 'none' } : {}
  }

  /** Why what others change cannot be followed at the moment; undefined: it can. */
  get problem(): string | undefined {
    return this.#backend instanceof EtcdBackend ? this.#backend.problem : undefined
  }

  /** Waits until all that was written is on the disk. */
  async close(): Promise<void> {
    if (this.#backend instanceof FileBackend) await this.#backend.flush()
    if (this.#backend instanceof EtcdBackend) await this.#backend.close()
  }

  /** Another group than the file’s is checked when it is to be served. */
  async #checkServed(): Promise<void> {
    if (this.#reads.has(this.#state)) return
    const issues = await this.#judge.check(this.#state, emptyState, [])
    if (issues.length > 0) throw await this.#text.invalid(issues)
  }

  async #apply(changed: string): Promise<void> {
    try {
      const text = await FileText.read(changed, this.#file)
      const alien = strangers(text.document, this.read.settings)
      if (text.document.issues.length + alien.length > 0) {
        throw await text.invalid([...(await judge(text.document, { kernel: this.kernel, env: this.#env })).issues, ...alien])
      }
      await this.#accept(text, changed)
    } catch (error) {
      if (error instanceof InvalidConfigError) this.kernel.emit('snapshot:rejected', error.issues)
      throw error
    }
  }

  /** What was accepted and is not in the file yet goes with its new text, unless the two do not go together. */
  async #accept(text: FileText, changed: string): Promise<void> {
    const backend = this.#backend instanceof FileBackend ? this.#backend : undefined
    const unwritten = backend?.unwritten ?? []
    try {
      await this.#change(text, unwritten)
      backend?.accept(changed)
    } catch (error) {
      if (unwritten.length === 0 || !(error instanceof InvalidConfigError)) throw error
      await this.#change(text, [])
      backend?.accept(changed, { forget: true })
      const resources = unwritten.map(({ kind, id }) => `${kind}/${id}`)
      this.#log.error({ resources, problems: error.problems }, 'the file was edited while accepted changes were about to be written to it, and they do not go with what it holds now: they were undone')
    }
  }

  async #change(text: FileText, unwritten: readonly TextChange[]): Promise<void> {
    const { settings } = text.document
    const before = this.#text
    this.#text = text
    try {
      if (this.#backend instanceof EtcdBackend) return await this.store.change(this.store.served, (draft) => void (draft.settings = settings), { isNew: false })
      const values = await reusing(text.document, this.store.state(defaultGroup) ?? emptyState)
      const whole = (draft: Draft): void => {
        load(draft, { settings, entries: (kind) => values.get(kind) ?? [] })
        for (const { kind, id, value } of unwritten) {
          if (value === undefined) draft.delete(kind, id)
          else draft.put(kind, id, value)
        }
      }
      await this.store.change(defaultGroup, whole, { isNew: false })
      const { served } = this.store
      if (served !== defaultGroup) await this.store.change(served, (draft) => void (draft.settings = settings), { isNew: false })
    } catch (error) {
      this.#text = before
      throw await text.explained(error)
    }
  }

  readonly #judge: Judge = {
    check: async (next, base, changes) => {
      const memo = this.#reads.get(base)?.memo
      const changed = changes.map(({ kind, id }) => [kind, id] as const)
      const { read, issues } = await judge(next, { kernel: this.kernel, env: this.#env, memo, changed })
      if (read) this.#reads.set(next, read)
      return issues
    },
    serve: async (state) => {
      try {
        await this.#serve(this.#readOf(state), state)
        this.#state = state
      } catch (error) {
        throw error instanceof ConfigError ? new InvalidChangeError(error.issues) : error
      }
    },
  }

  #readOf(state: GroupState): ReadConfig {
    const read = this.#reads.get(state)
    if (!read) throw new TypeError('this state was not checked')
    return read
  }
}

/** The file with what was accepted for it before the process that had done so was killed. */
async function withRecovered(source: KernelSource): Promise<KernelSource> {
  const { text, changes } = await recoverChanges(source.file, source.text)
  if (changes > 0) source.log.warn({ file: source.file, changes }, 'changes that were accepted before the gateway was killed were not in the file yet; they are now')
  return { ...source, text }
}

function groupNamed(id: string): Group {
  const seconds = Math.floor(Date.now() / 1_000)
  return { id, name: id, createdAt: seconds, updatedAt: seconds }
}

/** A group with the settings of the file. */
function withSettings({ group, state }: HeldGroup, settings: unknown): HeldGroup {
  const draft = new Draft(state, 1, Date.now())
  draft.settings = settings
  return { group, state: draft.finish() }
}

interface Loaded {
  readonly settings: unknown
  entries(kind: Kind): Iterable<readonly [id: string, value: unknown]>
}

/** Has a draft hold what a file holds. */
function load(draft: Draft, loaded: Loaded): void {
  draft.settings = loaded.settings
  for (const kind of kinds) draft.replace(kind, loaded.entries(kind) as Iterable<readonly [string, Value]>)
}

/** The values of a document by kind; those that are equal to what a state has are that. Exchanges go on meanwhile. */
async function reusing(document: FileDocument, state: GroupState): Promise<Map<Kind, (readonly [string, unknown])[]>> {
  const slice = new TimeSlice()
  const values = new Map<Kind, (readonly [string, unknown])[]>()
  for (const kind of kinds) {
    const list: (readonly [string, unknown])[] = []
    for (const [id, value] of document.entries(kind)) {
      const known = state.get(kind, id)?.value
      list.push([id, known !== undefined && isDeepStrictEqual(known, value) ? known : value])
      if (slice.isOver) await slice.rest()
    }
    values.set(kind, list)
  }
  return values
}
