import { createHash } from 'node:crypto'
import type { PathCall, Target } from '@sluice/ai-core'
import { CloudAuthError, type AwsSigner, type TokenCache } from '@sluice/cloud-auth'
import { canTranslate, dialectOf } from '@sluice/dialects'
import { abandoned, HttpError, isSecretName, type Outcome, type UpstreamRecord } from '@sluice/kernel'
import type { Dialect, Provider, Speech } from '@sluice/provider'
import { WantedFields, type Agents, type Lease, type TimeLimits } from '@sluice/upstream'
import type { Config } from './config.ts'
import { Endpoint } from './endpoint.ts'
import { RequestHeaders } from './request-headers.ts'
import { isWanted } from './response-headers.ts'
import { BodyShaper } from './shape-body.ts'
import { signerOf } from './sign.ts'
import { tokenSource } from './token-source.ts'

export interface InstanceOptions {
  readonly provider: Provider
  readonly config: Config
  readonly agents: Agents
  /** Key file for `auth.gcp` without one of its own. */
  readonly gcpServiceAccount: string | undefined
}

/** How a client is served. */
export interface Way {
  /** What is spoken with the provider. */
  readonly dialect: Dialect
  readonly shaper: BodyShaper
  readonly translates: boolean
}

/** One for all instances that ask the same upstream: it knows the names that come from there. */
const wantedFields = new WeakMap<Lease['dispatcher'], WantedFields>()

function wantedOf({ dispatcher }: Lease): WantedFields {
  let wanted = wantedFields.get(dispatcher)
  if (!wanted) wantedFields.set(dispatcher, (wanted = new WantedFields(isWanted)))
  return wanted
}

/** One configured provider, with everything worked out that does not depend on the request. Routes of one configuration share it. */
export class Instance {
  readonly name: string
  readonly provider: Provider
  readonly config: Config
  readonly endpoint: Endpoint
  readonly headers: RequestHeaders
  readonly wanted: WantedFields
  /** Where requests are signed. */
  readonly signer: AwsSigner | undefined
  readonly connections: Lease
  /** What the log tells of where requests go. */
  readonly address: Pick<UpstreamRecord, 'address' | 'scheme' | 'host'>
  readonly limits: TimeLimits
  /** Those of an answer that may be a stream. */
  readonly streamLimits: TimeLimits
  readonly digest: string
  /** Values that must not be repeated to anyone. */
  readonly secrets: readonly string[]
  readonly #shapers = new Map<Dialect, BodyShaper>()
  /** Those that were asked for, by what the client speaks. */
  readonly #ways = new Map<Dialect, Way>()
  readonly #tokens: TokenCache | undefined
  readonly #leases: Lease[] = []

  constructor({ provider, config, agents, gcpServiceAccount }: InstanceOptions) {
    this.name = `ai-proxy-${provider.name}`
    this.provider = provider
    this.config = config
    this.endpoint = new Endpoint(provider, config)
    this.headers = new RequestHeaders(provider, config)
    this.signer = signerOf(config)
    this.limits = limitsOf(config)
    this.streamLimits = streamLimitsOf(config)
    this.digest = createHash('sha256').update(JSON.stringify(config)).digest('base64url')
    this.secrets = secretsOf(config)
    for (const [dialect, speech] of Object.entries(provider.speaks) as [Dialect, Speech][]) {
      this.#shapers.set(dialect, new BodyShaper(dialect, speech, config))
    }
    const tokens = tokenSource(config, gcpServiceAccount)
    const connect = (origin: string): Lease => {
      const lease = agents.acquire({
        origin,
        verify: config.ssl_verify,
        connectMs: this.limits.connect,
        idle: { size: config.keepalive ? config.keepalive_pool : 0, ms: config.keepalive_timeout },
      })
      this.#leases.push(lease)
      return lease
    }
    this.connections = connect(this.endpoint.origin)
    this.wanted = wantedOf(this.connections)
    this.address = addressOf(this.endpoint.origin)
    this.#tokens = tokens?.open(connect(new URL(tokens.uri).origin).dispatcher)
  }

  /** In which dialect a client of this one is served, and how bodies are edited; throws the 400 of one that cannot be. */
  wayFor(client: Dialect): Way {
    let way = this.#ways.get(client)
    if (!way) {
      way = this.#findWay(client)
      this.#ways.set(client, way)
    }
    return way
  }

  #findWay(client: Dialect): Way {
    const dialect = this.#spokenFor(client)
    const shaper = dialect && this.#shapers.get(dialect)
    if (shaper) return { dialect, shaper, translates: dialect !== client }
    const { name, speaks } = this.provider
    const supported = Object.keys(speaks).join(', ')
    throw new HttpError(400, 'unsupported_dialect', `provider ${name} does not support ${client} protocol (supported: ${supported})`)
  }

  #spokenFor(client: Dialect): Dialect | undefined {
    const { native } = this.provider
    // An endpoint that names an operation is asked for no other.
    const named = this.endpoint.call?.dialect
    if (named && this.#shapers.has(named) && (named === client || canTranslate(client, named))) return named
    const all = [...this.#shapers.keys()]
    if (this.config.provider_conf.dialect === 'native' && native) {
      const own = [native, ...all.filter((dialect) => !dialect.startsWith('openai-'))].find((dialect) => canTranslate(client, dialect))
      if (own) return own
    }
    if (this.#shapers.has(client) && dialectOf(client)) return client
    return all.find((dialect) => canTranslate(client, dialect))
  }

  /** The model of a call that is passed through: the path is all that is rewritten. */
  modelFor({ model }: PathCall): string | undefined {
    const { options, options_mode: mode } = this.config
    return (mode === 'override' ? options.model : undefined) ?? this.endpoint.call?.model ?? model
  }

  target(model: string | undefined, dialect: Dialect | undefined): Target {
    return { instance: this.name, provider: this.provider.name, model, dialect, digest: this.digest }
  }

  get hasTokens(): boolean {
    return this.#tokens !== undefined
  }

  /** The cloud's access token; undefined where none is configured. Rejects with an `HttpError` 502 or 504. */
  async token(signal: AbortSignal): Promise<string | undefined> {
    if (!this.#tokens) return undefined
    try {
      return await this.#tokens.token(signal)
    } catch (cause) {
      if (signal.aborted) throw abandoned(signal.reason as Outcome)
      if (!(cause instanceof CloudAuthError)) throw cause
      const status = cause.kind === 'timeout' ? 504 : 502
      throw new HttpError(status, 'upstream_auth_failed', cause.message, { cause, outcome: 'upstream_error' })
    }
  }

  /** The provider refused this token. */
  dropToken(token: string): void {
    this.#tokens?.drop(token)
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#leases.map((lease) => lease.release()))
  }
}

function limitsOf({ timeout, connect_timeout, first_byte_timeout, idle_timeout, total_timeout }: Config): TimeLimits {
  const idle = idle_timeout ?? timeout
  return {
    connect: connect_timeout ?? timeout,
    send: idle,
    head: first_byte_timeout ?? timeout,
    headIsBody: true,
    idle,
    ...(total_timeout !== undefined && { total: { ms: total_timeout, name: 'total_timeout', code: 'total_timeout_exceeded' } }),
  }
}

/** Of the two limits for all of it, the shorter one. */
function streamLimitsOf(config: Config): TimeLimits {
  const limits = limitsOf(config)
  const { max_stream_duration_ms: ms = Infinity } = config
  if (ms >= (limits.total?.ms ?? Infinity)) return limits
  return { ...limits, total: { ms, name: 'max_stream_duration_ms', code: 'stream_duration_exceeded' } }
}

function addressOf(origin: string): Instance['address'] {
  const { protocol, host, hostname, port } = new URL(origin)
  const scheme = protocol.slice(0, -1)
  return { scheme, host, address: port === '' ? `${hostname}:${scheme === 'https' ? 443 : 80}` : host }
}

/** Credentials in every spelling that an upstream might repeat; too short ones would match by chance. */
function secretsOf({ auth, override: { endpoint } }: Config): string[] {
  const written = endpoint === undefined ? [] : [...new URL(endpoint).searchParams].filter(([name]) => isSecretName(name))
  const ofClouds = [...(auth.azure ? [auth.azure.client_secret] : []), ...Object.values(auth.aws ?? {})]
  const values = [...Object.values(auth.header ?? {}), ...Object.values(auth.query ?? {}), ...ofClouds, ...written.map(([, value]) => value)]
  const parts = values.flatMap((value) => [value, value.replace(/^\w+\s+/, '')])
  const spelled = parts.flatMap((value) => [value, encodeURIComponent(value.toWellFormed()), formEncoded(value)])
  // Longer ones first: what is taken out of a text must not leave the rest of another.
  return [...new Set(spelled)].filter((value) => value.length >= 6).toSorted((a, b) => b.length - a.length)
}

function formEncoded(value: string): string {
  return new URLSearchParams({ '': value }).toString().slice(1)
}
