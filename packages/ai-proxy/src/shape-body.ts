import type { PathCall } from '@sluice/ai-core'
import { prepare, type Document, type Prepared } from '@sluice/json-edit'
import type { Dialect, Speech } from '@sluice/provider'
import type { Config } from './config.ts'

/** What the final body will say of itself. */
export interface Shape {
  /** The model asked of the provider. */
  readonly model: string | undefined
  readonly stream: boolean
}

const includeUsage = prepare({ include_usage: true })

/** The edits that one instance makes to a request body of one dialect; worked out once, applied to each request. */
export class BodyShaper {
  readonly #options: readonly (readonly [name: string, json: Prepared, value: unknown])[]
  readonly #wins: boolean
  readonly #patch: Readonly<Record<string, unknown>>
  readonly #force: boolean
  readonly #model: string | undefined
  readonly #dialect: Dialect
  readonly #speech: Speech
  readonly #config: Config
  /** Top-level members that the edits touch; two of one name are refused, for the provider might read the other. */
  readonly members: readonly string[]

  constructor(dialect: Dialect, speech: Speech, config: Config) {
    this.#dialect = dialect
    this.#speech = speech
    this.#config = config
    this.#options = Object.entries(config.options).map(([name, value]) => [name, prepare(value), value] as const)
    this.#wins = config.options_mode === 'override'
    this.#patch = (config.override.request_body as Record<string, Record<string, unknown>> | undefined)?.[dialect] ?? {}
    this.#force = config.override.request_body_force_override
    this.#model = speech.model?.(config.provider_conf)
    const limit = speech.tokenLimit
    this.members = [
      ...this.#options.map(([name]) => name),
      ...Object.keys(this.#patch),
      ...(limit ? [limit.member, ...(limit.replaces ?? [])] : []),
    ]
  }

  /** What the request will say once `apply` has run; `call` is what the client's path told, and its body does not. */
  shapeOf(document: Document, call?: PathCall): Shape {
    const model = this.#finalValue('model', call?.model ?? scalarOf(document, 'model'))
    const stream = this.#finalValue('stream', call?.stream ?? scalarOf(document, 'stream'))
    return {
      model: typeof model === 'string' ? model : undefined,
      stream: this.#dialect !== 'openai-embeddings' && stream === true,
    }
  }

  /** Edits the body in the order of the contract. Returns whether a usage chunk was asked for that the client did not want. */
  apply(document: Document, { stream }: Shape, path: string, isTranslated = false): boolean {
    for (const [name, json] of this.#options) {
      const place = isTranslated ? this.#placeOf(name, document) : name
      if (this.#wins || !document.has(place)) document.set(place, json)
    }
    this.#limitTokens(document)
    mergeInto(document, [], this.#patch, this.#force)
    if (this.#model !== undefined) document.set('model', this.#model)
    for (const name of this.#speech.omits?.(path) ?? []) document.delete(name)
    return this.#dialect === 'openai-chat' && this.#tuneStream(document, stream, isTranslated)
  }

  /** A limit of tokens has one name in a body that we wrote, whichever the route calls it by: two of them are refused. */
  #placeOf(name: string, document: Document): string {
    const { tokenLimit } = this.#speech
    if (!tokenLimit?.replaces?.includes(name)) return name
    document.delete(name)
    return tokenLimit.member
  }

  #limitTokens(document: Document): void {
    const max = this.#config.override.llm_options?.max_tokens
    const { tokenLimit } = this.#speech
    if (max === undefined || !tokenLimit) return
    for (const name of tokenLimit.replaces ?? []) document.delete(name)
    document.set(tokenLimit.member, max)
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
    const option = this.#options.find(([key]) => key === name)
    if (option && (this.#wins || value === undefined)) value = option[2]
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

function scalarOf(document: Document, name: string): unknown {
  const kind = document.kind(name)
  if (kind === undefined) return undefined
  return kind === 'object' || kind === 'array' ? null : document.get(name)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
