import type { PathCall } from '@sluice/ai-core'
import { dialectOf, embedsIn, type DialectFacts } from '@sluice/dialects'
import { prepare, type Document, type Prepared } from '@sluice/json-edit'
import type { Dialect, Speech } from '@sluice/provider'
import type { Config } from './config.ts'
import { memberAt, setMember, topNames } from './member-at.ts'

/** What the final body will say of itself. */
export interface Shape {
  /** The model asked of the provider. */
  readonly model: string | undefined
  readonly stream: boolean
}

const includeUsage = prepare({ include_usage: true })

/** Members that stand in the path of some dialects, and then not in the body. */
const inPaths: ReadonlySet<string> = new Set(['model', 'stream'])

/** The edits that one instance makes to a request body of one dialect; worked out once, applied to each request. */
export class BodyShaper {
  /** Everything that the route sets, whether it is written to the body or not. */
  readonly #options: Readonly<Record<string, unknown>>
  readonly #written: readonly (readonly [name: string, json: Prepared])[]
  readonly #wins: boolean
  readonly #patch: Readonly<Record<string, unknown>>
  readonly #writtenPatch: Readonly<Record<string, unknown>>
  readonly #force: boolean
  readonly #model: string | undefined
  readonly #dialect: Dialect
  readonly #facts: DialectFacts | undefined
  /** Nobody streams embeddings. */
  readonly #embeds: boolean
  readonly #speech: Speech
  readonly #config: Config
  /** Top-level members that the edits touch; two of one name are refused, for the provider might read the other. */
  readonly members: readonly string[]

  constructor(dialect: Dialect, speech: Speech, config: Config) {
    this.#dialect = dialect
    this.#facts = dialectOf(dialect)
    this.#speech = speech
    this.#config = config
    this.#embeds = embedsIn(dialect)
    const isWritten = typeof this.#facts?.suffix === 'function' ? (name: string) => !inPaths.has(name) : () => true
    this.#options = config.options
    // Options are named as OpenAI names them, and of embeddings nobody else does: they are for requests that are not translated yet.
    const written = this.#embeds && dialect !== 'openai-embeddings' ? [] : Object.entries(config.options)
    this.#written = written.flatMap(([name, value]) => (isWritten(name) ? [[name, prepare(value)] as const] : []))
    this.#wins = config.options_mode === 'override'
    this.#patch = (config.override.request_body as Record<string, Record<string, unknown>> | undefined)?.[dialect] ?? {}
    this.#writtenPatch = Object.fromEntries(Object.entries(this.#patch).filter(([name]) => isWritten(name)))
    this.#force = config.override.request_body_force_override
    this.#model = speech.model?.(config.provider_conf)
    const limit = speech.tokenLimit
    const places = [
      ...this.#written.flatMap(([name]) => this.#placeOf(name) ?? []),
      ...(limit ? [limit.member] : []),
    ]
    const names = [...this.#written.map(([name]) => name), ...Object.keys(this.#writtenPatch), ...(limit?.replaces ?? [])]
    this.members = [...new Set([...names, ...places.flatMap(topNames)])]
  }

  /** What the request will say once `apply` has run; `call` is what the client's path told, and its body does not. */
  shapeOf(document: Document, call?: Pick<PathCall, 'model' | 'stream'>): Shape {
    const model = this.#finalValue('model', call?.model ?? scalarOf(document, 'model'))
    const stream = this.#finalValue('stream', call?.stream ?? scalarOf(document, 'stream'))
    return {
      model: typeof model === 'string' ? model : undefined,
      stream: !this.#embeds && stream === true,
    }
  }

  /** Edits the body in the order of the contract. Returns whether a usage chunk was asked for that the client did not want. */
  apply(document: Document, { model, stream }: Shape, path: string, isTranslated = false): boolean {
    for (const [name, json] of this.#written) {
      const at = this.#pathOf(name, document, isTranslated)
      if (this.#wins || !document.has(at)) setMember(document, at, json)
    }
    this.#limitTokens(document)
    mergeInto(document, [], this.#writtenPatch, this.#force)
    if (this.#model !== undefined) document.set('model', this.#model)
    if (this.#dialect === 'gemini-embeddings' && !isTranslated && model !== undefined) renameModels(document, model)
    for (const name of this.#speech.omits?.(path) ?? []) document.delete(name)
    return this.#dialect === 'openai-chat' && this.#tuneStream(document, stream, isTranslated)
  }

  /** Answers that a body asks for, of a stream; some servers send one where none was asked for, and take a number for one in quotes, too. */
  choicesIn(document: Document): number {
    const at = this.#pathOf('n', document, false)
    const kind = document.kind(at)
    const n = kind === 'number' || kind === 'string' ? Number(document.get(at)) : 1
    return n > 1 ? n : 1
  }

  #pathOf(name: string, document: Document, isTranslated: boolean): string[] {
    const { tokenLimit } = this.#speech
    // A limit of tokens has one name in a body that we wrote, whichever the route calls it by: two of them are refused.
    if (isTranslated && tokenLimit?.replaces?.includes(name)) {
      document.delete(name)
      return memberAt(document, tokenLimit.member)
    }
    const place = this.#placeOf(name)
    return place === undefined ? [name] : memberAt(document, place)
  }

  /** Where the dialect keeps what OpenAI's have at the top under this name, if elsewhere. */
  #placeOf(name: string): string | undefined {
    const places = this.#facts?.places
    return places && Object.hasOwn(places, name) ? places[name] : undefined
  }

  #limitTokens(document: Document): void {
    const max = this.#config.override.llm_options?.max_tokens
    const { tokenLimit } = this.#speech
    if (max === undefined || !tokenLimit) return
    for (const name of tokenLimit.replaces ?? []) document.delete(name)
    setMember(document, memberAt(document, tokenLimit.member), max)
  }

  /** Providers answer 400 to `stream_options` without a stream, and tell no usage of a stream without them. */
  #tuneStream(document: Document, stream: boolean, isTranslated: boolean): boolean {
    if (!stream) {
      document.delete('stream_options')
      return false
    }
    if (this.#config.include_usage === 'never') {
      // A translated request asks by itself.
      if (isTranslated) document.delete('stream_options')
      return false
    }
    const kind = document.kind('stream_options')
    if (kind !== undefined && kind !== 'object' && kind !== 'null') return false // the provider will say what is wrong with it
    if (kind === 'object' && document.get(['stream_options', 'include_usage']) === true) return false
    if (kind === 'object') document.set(['stream_options', 'include_usage'], true)
    else document.set('stream_options', includeUsage)
    return true
  }

  #finalValue(name: string, asked: unknown): unknown {
    let value = asked
    if (Object.hasOwn(this.#options, name) && (this.#wins || value === undefined)) value = this.#options[name]
    if (Object.hasOwn(this.#patch, name) && (this.#force || value === undefined)) value = this.#patch[name]
    return value
  }
}

/** Two objects merge member by member; anything else is put where nothing is, or everywhere with `force`. */
function mergeInto(document: Document, at: readonly string[], patch: Readonly<Record<string, unknown>>, force: boolean): void {
  for (const [name, value] of Object.entries(patch)) {
    const path = [...at, name]
    const kind = document.kind(path)
    if (kind === 'object' && isRecord(value)) mergeInto(document, path, value, force)
    else if (kind === undefined || force) document.set(path, value)
  }
}

/** Gemini's embeddings name their model in the path and once more with each text, and both have to agree. */
function renameModels(document: Document, model: string): void {
  const name = /^(?:models|tunedModels)\//.test(model) ? model : `models/${model}`
  const count = document.kind('requests') === 'array' ? (document.length('requests') ?? 0) : 0
  const places = [['model'], ...Array.from({ length: count }, (_, index) => ['requests', index, 'model'])]
  for (const at of places) if (document.kind(at) === 'string' && document.get(at) !== name) document.set(at, name)
}

function scalarOf(document: Document, name: string): unknown {
  const kind = document.kind(name)
  if (kind === undefined) return undefined
  return kind === 'object' || kind === 'array' ? null : document.get(name)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
