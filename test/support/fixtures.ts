import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** One entry of the fixtures' manifest, as far as tests look at it. */
export interface Fixture {
  readonly id: string
  readonly provider: string
  readonly api: string
  readonly streaming: boolean
  readonly kind: string
  readonly file: string
  readonly http: { readonly status: number; readonly headers: Readonly<Record<string, string>> }
  readonly request_file?: string
  readonly expected?: Expected
}

export interface Expected {
  readonly id?: string | null
  readonly model?: string | null
  readonly choices?: readonly ExpectedChoice[]
  readonly usage?: ExpectedUsage | null
  readonly outcome: 'ok' | 'error' | 'truncated'
  readonly error?: { readonly status: number; readonly message?: string }
  /** What an error event says. */
  readonly stream_error?: Readonly<Record<string, unknown>>
}

export interface ExpectedUsage {
  readonly prompt_tokens: number
  readonly completion_tokens?: number
  readonly total_tokens: number
  readonly cached_tokens?: number
  readonly cache_write_tokens?: number
  readonly reasoning_tokens?: number
  /** As the provider counts, where that differs. */
  readonly native?: Readonly<Record<string, number>>
}

export interface ExpectedChoice {
  readonly index: number
  readonly content?: string | null
  readonly refusal?: string
  readonly finish_reason?: string | null
  readonly tool_calls?: readonly {
    readonly id?: string
    readonly name?: string
    readonly arguments?: string
    readonly arguments_json?: unknown
  }[]
}

/** Where recorded provider answers lie. */
export const fixturesFolder = fileURLToPath(new URL('../../packages/testkit/fixtures/', import.meta.url))

export function fixtures(): readonly Fixture[] {
  const { fixtures: all } = JSON.parse(readFileSync(`${fixturesFolder}manifest.json`, 'utf8')) as {
    fixtures: Fixture[]
  }
  return all
}

export function bytesOf(file: string): Buffer {
  return readFileSync(`${fixturesFolder}${file}`)
}
