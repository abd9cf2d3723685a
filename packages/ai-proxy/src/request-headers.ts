import { headerOf, type HeaderMap } from '@sluice/kernel'
import type { Provider } from '@sluice/provider'
import type { Config } from './config.ts'

/** Client headers that tell the provider something about the request; nothing else of the client's goes up. */
const forwarded = [
  'accept',
  'anthropic-beta',
  'anthropic-version',
  'idempotency-key',
  'openai-beta',
  'traceparent',
  'tracestate',
  'user-agent',
  'x-client-request-id',
]
const forwardedPrefix = 'x-stainless-'

/** Never forwarded, whatever `forward_headers` says: they belong to this connection or are credentials for this gateway. */
export const withheld: ReadonlySet<string> = new Set([
  'accept-encoding',
  'api-key',
  'authorization',
  'connection',
  'content-length',
  'cookie',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-api-key',
  'x-goog-api-key',
])

/** Builds the headers of upstream requests; what does not depend on the request is built once. */
export class RequestHeaders {
  readonly #fixed: readonly string[]
  readonly #fixedNames: ReadonlySet<string>
  readonly #names: readonly string[]
  readonly #defaults: readonly (readonly [string, string])[]

  constructor(provider: Provider, config: Config) {
    const auth = Object.entries(config.auth.header ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const)
    // A cloud's token takes the place of a fixed one.
    this.#fixed = auth.filter(([name]) => !(config.auth.gcp && name === 'authorization')).flat()
    this.#fixedNames = new Set(auth.map(([name]) => name))
    const extra = (config.override.forward_headers ?? []).map((name) => name.toLowerCase()).filter((name) => name !== 'content-type')
    this.#names = [...new Set([...forwarded, ...extra])].filter((name) => !withheld.has(name) && !this.#fixedNames.has(name))
    this.#defaults = Object.entries(provider.headers ?? {}).filter(([name]) => !this.#fixedNames.has(name))
  }

  /** Name and value by turns, as undici takes them. `contentType` is left out where there is no body. */
  build(client: HeaderMap, contentType: string | undefined, bearer: string | undefined): string[] {
    const headers = [...this.#fixed]
    if (contentType !== undefined && !this.#fixedNames.has('content-type')) headers.push('content-type', contentType)
    if (bearer !== undefined) headers.push('authorization', `Bearer ${bearer}`)
    const hops = hopsOf(client)
    const take = (name: string): void => {
      const value = headerOf(client, name)
      if (value !== undefined && !hops?.has(name)) headers.push(name, value)
    }
    for (const name of this.#names) take(name)
    for (const name in client) {
      if (name.startsWith(forwardedPrefix) && !this.#fixedNames.has(name) && !this.#names.includes(name)) take(name)
    }
    for (const [name, value] of this.#defaults) if (client[name] === undefined || hops?.has(name)) headers.push(name, value)
    return headers
  }
}

/** Headers that the client says are for this connection alone: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
function hopsOf(client: HeaderMap): ReadonlySet<string> | undefined {
  const value = headerOf(client, 'connection')?.toLowerCase()
  if (value === undefined || value === 'keep-alive' || value === 'close') return undefined
  return new Set(value.split(',').map((name) => name.trim()))
}
