import { kinds, type Env, type FileDocument, type Kind } from '@sluice/config'
import { ConfigError, TimeSlice, type Kernel } from '@sluice/kernel'
import { defaultGroup, Draft, emptyState, InvalidChangeError, MemoryBackend, Store, type Backend, type GroupState, type Judge, type Value } from '@sluice/store'
import { isDeepStrictEqual } from 'node:util'
import { FileText } from './file-text.ts'
import { InOrder } from './in-order.ts'
import { InvalidConfigError } from './invalid-config-error.ts'
import { judge, readConfig, type KernelSource, type ReadConfig } from './read-config.ts'

/** Has the data plane serve what was read of `state`. Rejects with a `ConfigError` or an `InvalidChangeError`, and then nothing has changed. */
export type Serve = (read: ReadConfig, state: GroupState) => Promise<void>

/** What a gateway serves: read from its file, changed through its store or with the file. */
export class Configuration {
  readonly kernel: Kernel
  readonly store: Store
  readonly #env: Env
  readonly #file: string
  /** What was read of the states that may still be served or changed. */
  readonly #reads = new WeakMap<GroupState, ReadConfig>()
  readonly #changes = new InOrder()
  #serve: Serve = async () => {}
  /** Of the file as it was read last. */
  #text: FileText
  #state: GroupState

  /** Reads the file. Rejects with an `InvalidConfigError`. */
  static async open(source: KernelSource): Promise<Configuration> {
    const { text, kernel, read } = await readConfig(source)
    const { store } = read.settings
    return new Configuration(source, text, kernel, read, new MemoryBackend({ isReadonly: store.readonly }))
  }

  private constructor({ env, file, log }: KernelSource, text: FileText, kernel: Kernel, read: ReadConfig, backend: Backend) {
    this.kernel = kernel
    this.#env = env
    this.#file = file
    this.#text = text
    const draft = new Draft(emptyState, 1, Date.now())
    load(draft, text.document)
    this.#state = draft.finish()
    this.#reads.set(this.#state, read)
    const seconds = Math.floor(Date.now() / 1_000)
    const group = { id: defaultGroup, name: defaultGroup, createdAt: seconds, updatedAt: seconds }
    const groups = new Map([[defaultGroup, { group, state: this.#state }]])
    this.store = new Store({ backend, judge: this.#judge, log, groups })
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

  async #apply(changed: string): Promise<void> {
    try {
      const text = await FileText.read(changed, this.#file)
      if (text.document.issues.length > 0) {
        throw await text.invalid((await judge(text.document, { kernel: this.kernel, env: this.#env })).issues)
      }
      await this.#change(text)
    } catch (error) {
      if (error instanceof InvalidConfigError) this.kernel.emit('snapshot:rejected', error.issues)
      throw error
    }
  }

  async #change(text: FileText): Promise<void> {
    const values = await reusing(text.document, this.store.state(defaultGroup) ?? emptyState)
    const before = this.#text
    this.#text = text
    try {
      await this.store.change(defaultGroup, (draft) => load(draft, { settings: text.document.settings, entries: (kind) => values.get(kind) ?? [] }), { isNew: false })
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
