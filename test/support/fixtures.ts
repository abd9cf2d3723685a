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
  readonly id?: string
  readonly model?: string
  readonly choices?: readonly ExpectedChoice[]
  readonly usage?: Readonly<Record<string, number>>
  readonly outcome: 'ok' | 'error' | 'truncated'
  readonly error?: { readonly status: number; readonly message: string }
  readonly done_sentinel?: boolean
}

export interface ExpectedChoice {
  readonly index: number
  readonly content?: string | null
  readonly finish_reason?: string | null
  readonly tool_calls?: readonly { readonly id?: string; readonly name?: string; readonly arguments?: string; readonly arguments_json?: unknown }[]
}

/** Where recorded provider answers lie. */
export const fixturesFolder = fileURLToPath(new URL('../../packages/testkit/fixtures/', import.meta.url))

export function fixtures(): readonly Fixture[] {
  const { fixtures: all } = JSON.parse(readFileSync(`${fixturesFolder}manifest.json`, 'utf8')) as { fixtures: Fixture[] }
  return all
}

export function bytesOf(file: string): Buffer {
  return readFileSync(`${fixturesFolder}${file}`)
}
