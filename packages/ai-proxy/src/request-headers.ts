import { headerOf, type HeaderMap } from '@sluice/kernel'
import type { Provider } from '@sluice/provider'
import { hopByHop } from '@sluice/upstream'
import type { Config } from './config.ts'

/** Client headers that tell the provider something about the request; nothing else of the client's goes up. */
const forwarded: ReadonlySet<string> = new Set([
  'accept',
  'anthropic-beta',
  'anthropic-version',
  'idempotency-key',
  'openai-beta',
  'traceparent',
  'tracestate',
  'user-agent',
  'x-client-request-id',
])
const forwardedPrefix = 'x-stainless-'

/** Headers that mean something in one dialect alone: with a translated request they stay behind. */
const ofOneDialect: ReadonlySet<string> = new Set(['anthropic-beta', 'anthropic-version', 'openai-beta'])

/** Of the client's connection, or credentials for this gateway. */
const withheld: ReadonlySet<string> = new Set([
  'accept-encoding',
  'api-key',
  'authorization',
  'content-length',
  'cookie',
  'expect',
  'host',
  'x-api-key',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-security-token',
  'x-goog-api-key',
])
const ofOneConnection = hopByHop(undefined)

/** Whether a header, in lower case, never goes to a provider, whatever `forward_headers` says. */
export function isWithheld(name: string): boolean {
  return withheld.has(name) || ofOneConnection(name)
}

/** Builds the headers of upstream requests; what does not depend on the request is built once. */
export class RequestHeaders {
  readonly #fixed: readonly string[]
  readonly #fixedNames: ReadonlySet<string>
  /** Those that the configuration adds. */
  readonly #extra: ReadonlySet<string>
  readonly #defaults: readonly (readonly [string, string])[]

  constructor(provider: Provider, config: Config) {
    const auth = Object.entries(config.auth.header ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const)
    const { gcp, azure, aws } = config.auth
    const hasToken = [gcp, azure, aws].some((cloud) => cloud !== undefined)
    // A cloud's token or signature takes the place of a fixed one.
    this.#fixed = auth.filter(([name]) => !(hasToken && name === 'authorization')).flat()
    this.#fixedNames = new Set(auth.map(([name]) => name))
    const extra = (config.override.forward_headers ?? []).map((name) => name.toLowerCase()).filter((name) => name !== 'content-type')
    this.#extra = new Set(extra.filter((name) => !isWithheld(name)))
    this.#defaults = Object.entries(provider.headers ?? {}).filter(([name]) => !this.#fixedNames.has(name))
  }

  /** Name and value by turns, as undici takes them. `contentType` is left out where there is no body. */
  build(client: HeaderMap, contentType: string | undefined, bearer: string | undefined, isTranslated = false): string[] {
    const headers = [...this.#fixed]
    if (contentType !== undefined && !this.#fixedNames.has('content-type')) headers.push('content-type', contentType)
    if (bearer !== undefined) headers.push('authorization', `Bearer ${bearer}`)
    const endsHere = isTranslated ? notForOthers(client) : hopByHop(client['connection'])
    for (const name in client) {
      if (!this.#goesUp(name) || endsHere(name)) continue
      const value = headerOf(client, name)
      if (value !== undefined) headers.push(name, value)
    }
    for (const [name, value] of this.#defaults) if (client[name] === undefined || endsHere(name)) headers.push(name, value)
    return headers
  }

  #goesUp(name: string): boolean {
    return (isForwarded(name) || this.#extra.has(name)) && !this.#fixedNames.has(name)
  }
}

/** Of the headers that came, by name, whether one is forwarded anyway; bounded, for clients may invent some. */
const judged = new Map<string, boolean>()
const mostJudged = 1000

function isForwarded(name: string): boolean {
  let verdict = judged.get(name)
  if (verdict === undefined) {
    verdict = forwarded.has(name) || name.startsWith(forwardedPrefix)
    if (judged.size < mostJudged) judged.set(name, verdict)
  }
  return verdict
}

function notForOthers(client: HeaderMap): (name: string) => boolean {
  const endsHere = hopByHop(client['connection'])
  return (name) => ofOneDialect.has(name) || endsHere(name)
}
