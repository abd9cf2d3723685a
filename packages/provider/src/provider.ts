import type { Dialect } from './dialect.ts'

/** `provider_conf` of a route, as it is written there. */
export interface ProviderConf {
  readonly project_id?: string
  readonly region?: string
  /** Of Azure: the first part of the host, which names the resource. */
  readonly resource?: string
  readonly deployment?: string
  readonly api_version?: string
  /** `native`: clients of other dialects are translated into the provider's own, though it speaks theirs too. */
  readonly dialect?: 'native'
}

/** What a provider may look at to place one call. */
export interface Call {
  readonly conf: ProviderConf
  /** The model that will be asked for, after `options`; absent where nobody named one. */
  readonly model?: string
  readonly stream: boolean
}

/** Where a token limit goes, and the spellings that it replaces. */
export interface TokenLimit {
  /** The request member that `override.llm_options.max_tokens` is written to; one within another after a dot. */
  readonly member: string
  /** Members removed when it is written, so that a client cannot keep a limit of its own beside it. */
  readonly replaces?: readonly string[]
}

/**
 * Members of a chat that servers refuse unless they know them: what OpenAI does not know (what was thought, marks for the cache,
 * Google's signatures of calls), and what hardly anybody else does.
 */
export type ChatExtension =
  | 'reasoning_content'
  | 'reasoning_details'
  | 'cache_control'
  | 'top_k'
  | 'thinking'
  | 'extra_content'
  | 'verbosity'
  | 'prompt_cache_key'
  | 'prompt_cache_retention'
  | 'safety_identifier'

/** How a provider speaks one dialect. */
export interface Speech {
  /** Path under which its operations lie, where they have one of their own. */
  readonly base?: string | ((conf: ProviderConf) => string | undefined)
  /** Path of the operation, with its query where it has one, where it is not that base followed by the dialect's own suffix; undefined: the call names no model and the path needs one. */
  path?(call: Call): string | undefined
  /** What the body names as its model, whatever was asked for; undefined where the configuration does not say. */
  model?(conf: ProviderConf): string | undefined
  /** Its operation that counts the tokens of a request, where it has one: `bare` takes the request as it is, `wrapped` within `generateContentRequest`. */
  readonly counts?: 'bare' | 'wrapped'
  /** The model as that operation knows it; undefined for one that it does not count for. Every model as it is called, if absent. */
  countsAs?(model: string): string | undefined
  readonly tokenLimit?: TokenLimit
  /** What a chat may hold beyond the members that every server takes; the rest is left out of a translated one. */
  readonly extensions?: readonly ChatExtension[]
  /** Members that this provider refuses or ignores at `path`, taken out before sending. */
  omits?(path: string): readonly string[]
}

/** How a provider differs. Pure data and pure functions: no I/O, no clock, no state. */
export interface Provider {
  /** The value of `provider` in a route. */
  readonly name: string
  /** Scheme and host, such as `https://api.openai.com`; absent where only the user knows it and must set `override.endpoint`. */
  readonly origin?: string | ((conf: ProviderConf) => string | undefined)
  /** Path under which the operations lie, such as `/v1`; no slash at the end. */
  readonly base: string | ((conf: ProviderConf) => string | undefined)
  /** The dialects that it speaks. A client of another is translated into the first of them that can be. */
  readonly speaks: Readonly<Partial<Record<Dialect, Speech>>>
  /** The one of them that says all that it can do, where that is not the first: `provider_conf.dialect: native` asks for it. */
  readonly native?: Dialect
  /** Its requests are signed by this cloud's rules, unless a fixed `Authorization` stands for them. */
  readonly signature?: 'aws'
  /** Request headers, lower case, sent when the client gave none of that name. */
  readonly headers?: Readonly<Record<string, string>>
  /** What a route's configuration lacks, one sentence each; asked at load time. `endpoint` is `override.endpoint`. */
  problems?(config: { conf: ProviderConf; endpoint: string | undefined }): readonly string[]
}

/** Declares a provider; the base is `/v1` unless it says otherwise. */
export function defineProvider(provider: Omit<Provider, 'base'> & Partial<Pick<Provider, 'base'>>): Provider {
  return { base: '/v1', ...provider }
}
