import { callOfPath, type PathCall } from '@sluice/ai-core'
import { suffixOf } from '@sluice/dialects'
import type { Call, Dialect, Provider } from '@sluice/provider'
import type { Config } from './config.ts'

/** Where one call goes. */
export interface Destination {
  readonly origin: string
  /** Path and query, credentials included. */
  readonly path: string
  /** The same for people: the values of `auth.query` masked. */
  readonly shownPath: string
}

/** Paths that ends with these name an operation; another operation of the same API lies beside it. */
const operationEnd = /\/(?:chat\/completions|completions|responses|embeddings|messages|(?:models|tunedModels)\/[^/:]+:\w+)$/
const baseEnd = /\/(?:v\d[^/]*|openai|publishers\/google)$/
/** The part of a path that names a model and what it is asked for. */
const modelEnd = /\/(?:(?:models|tunedModels)\/[^/:]+:\w+|model\/[^/]+\/converse(?:-stream)?)$/

/** What is wrong with an endpoint; undefined when it can be used. */
export function endpointProblem(endpoint: string): string | undefined {
  let url: URL
  try {
    url = new URL(endpoint)
  } catch {
    return 'must be a URL such as https://api.example.com/v1'
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http:// or https://'
  if (url.username || url.password) return 'must not hold credentials; they belong in auth.header'
  if (url.hash) return 'must not have a fragment'
  return undefined
}

/** Turns the endpoint of one instance into destinations. Pure. */
export class Endpoint {
  readonly origin: string
  /** What a path that is used as it is tells: its dialect, perhaps a model. */
  readonly call: PathCall | undefined
  readonly #provider: Provider
  readonly #config: Config
  readonly #url: URL | undefined
  readonly #base: string
  /** The endpoint's path; undefined where it has none and the provider's applies. */
  readonly #own: string | undefined
  readonly #takesSuffix: boolean
  readonly #search: string
  readonly #hasSecrets: boolean

  /** Throws where the provider has no default address and the configuration names none; `problems` says so at load. */
  constructor(provider: Provider, config: Config) {
    this.#provider = provider
    this.#config = config
    const { endpoint } = config.override
    this.#url = endpoint === undefined ? undefined : new URL(endpoint)
    const origin = this.#url?.origin ?? given(provider.origin, config)
    if (origin === undefined) throw new Error(`${provider.name} requires override.endpoint`)
    this.origin = origin
    this.#search = this.#url?.search ?? ''
    this.#hasSecrets = Object.keys(config.auth.query ?? {}).length > 0
    this.#base = given(provider.base, config) ?? ''
    const { endpoint_mode: mode } = config.override
    const path = this.#url?.pathname.replace(/\/+$/, '') ?? ''
    const bare = mode === 'exact' ? this.#url?.pathname : undefined
    this.#own = path === '' ? bare : path
    this.#takesSuffix = mode === undefined ? baseEnd.test(path) : mode === 'base'
    this.call = this.#own === undefined || this.#takesSuffix ? undefined : callOfPath(decoded(this.#own))
  }

  /** Where a request in a dialect goes; undefined where the path needs a model and there is none. `operation`: of several that the dialect has, the one that was asked for. */
  forDialect(dialect: Dialect, call: Call, operation?: string): Destination | undefined {
    const path = this.#pathOf(dialect, call, operation)
    return path === undefined ? undefined : this.#to(path, '')
  }

  /** Where an operation that is passed through goes; the client's own query travels along. */
  forOperation(operation: string, clientQuery: string): Destination {
    return this.#to(this.#passedPath(encodePath(operation)), clientQuery)
  }

  #pathOf(dialect: Dialect, call: Call, operation: string | undefined): string | undefined {
    const speech = this.#provider.speaks[dialect]
    const own = this.#own
    if (own === undefined && speech?.path) return speech.path(call)
    const suffix = suffixOf(dialect, operation === undefined ? call : { ...call, operation })
    if (own !== undefined && !this.#takesSuffix) return this.#exactPath(own, suffix)
    const base = own ?? (speech?.base === undefined ? this.#base : given(speech.base, this.#config))
    return suffix === undefined || base === undefined ? undefined : base + suffix
  }

  /** Where a path names model and operation, whole answers and streams have different ones, and `options.model` another. */
  #exactPath(own: string, suffix: string | undefined): string {
    const isForced = this.#config.override.endpoint_mode === 'exact'
    if (suffix !== undefined && !isForced && modelEnd.test(own)) return own.replace(modelEnd, () => suffix)
    // What a stream is asked for in stands in the query, wherever it is asked.
    const query = suffix?.indexOf('?') ?? -1
    return query === -1 ? own : `${own}${suffix?.slice(query) ?? ''}`
  }

  #passedPath(operation: string): string {
    const own = this.#own
    if (own === undefined) return this.#base + operation
    if (this.#takesSuffix) return own + operation
    // Another operation of an API whose chat has this address lies beside it: Azure's deployments, proxies of all kinds.
    return operationEnd.test(own) ? own.replace(operationEnd, () => operation) : own
  }

  /** The endpoint's query beats `auth.query`, and both beat the client's; what the operation itself asks for stands above all. */
  #to(target: string, clientQuery: string): Destination {
    const own = this.#search
    if (!this.#hasSecrets) {
      const hasAsked = target.includes('?')
      const queries = Number(hasAsked) + Number(own !== '') + Number(clientQuery !== '')
      if (queries < 2) {
        const asWritten = target + (clientQuery === '' ? own : `?${clientQuery}`)
        return { origin: this.origin, path: asWritten, shownPath: asWritten }
      }
    }
    const secret = this.#config.auth.query ?? {}
    const [path = '', asked = ''] = target.split('?')
    const query = new URLSearchParams(clientQuery)
    const set = (name: string, value: string): void => query.set(name, value)
    for (const [name, value] of Object.entries(secret)) set(name, value)
    for (const [name, value] of this.#url?.searchParams ?? []) set(name, value)
    for (const [name, value] of new URLSearchParams(asked)) set(name, value)
    const shown = new URLSearchParams(query)
    for (const [name, value] of Object.entries(secret)) if (query.get(name) === value) shown.set(name, '***')
    return { origin: this.origin, path: withQuery(path, query), shownPath: withQuery(path, shown) }
  }
}

/** A decoded path as it goes over the wire: nothing in it may end the path or a segment. `%2F` has stayed as it is. */
function encodePath(path: string): string {
  if (/^[\w/.:@~-]*$/.test(path)) return path
  return path
    .split('%2F')
    .map((text) => encodeURI(text).replace(/[?#]/g, encodeURIComponent))
    .join('%2F')
}

/** As it is matched: an encoded slash stays as it is. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path.replaceAll(/%2f/gi, '%252F'))
  } catch {
    return path // it names nothing that is known
  }
}

function withQuery(path: string, query: URLSearchParams): string {
  const text = query.toString()
  return text === '' ? path : `${path}?${text}`
}

function given(value: Provider['origin'], { provider_conf: conf }: Config): string | undefined {
  return typeof value === 'function' ? value(conf) : value
}
