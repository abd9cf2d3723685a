import { readFileSync } from 'node:fs'

/** An answer that a provider gave, with what a gateway should make of it; `fixtures/README.md` explains the fields. */
export interface Fixture {
  readonly id: string
  readonly provider: string
  /** `chat`, `embeddings`, `responses`, `messages` and others. */
  readonly api: string
  readonly model?: string
  readonly description: string
  readonly streaming: boolean
  readonly http: { readonly status: number; readonly headers: Readonly<Record<string, string>> }
  readonly file: string
  readonly request_file?: string
  readonly expected: Expected
}

/** An answer in OpenAI's terms. */
export interface Expected {
  readonly model?: string | null
  readonly choices?: readonly ExpectedChoice[]
  readonly usage?: Readonly<Record<string, number | undefined>> | null
  readonly stream?: { readonly data_events?: number; readonly done_sentinel?: boolean }
  readonly error?: { readonly status: number; readonly message?: string }
  /** An error that came as an event. */
  readonly stream_error?: { readonly message: string }
  readonly outcome: 'ok' | 'error' | 'truncated'
}

export interface ExpectedChoice {
  readonly index: number
  readonly content?: string | null
  readonly refusal?: string
  readonly finish_reason?: string | null
  readonly tool_calls?: readonly unknown[]
}

const folder = new URL('../fixtures/', import.meta.url)

let known: readonly Fixture[] | undefined

/** All recorded answers. Read from disk once. */
export function fixtures(): readonly Fixture[] {
  return (known ??= (JSON.parse(String(readFileSync(new URL('manifest.json', folder)))) as { fixtures: Fixture[] }).fixtures)
}

/** The body of an answer as it was received. */
export function readFixture({ file }: Pick<Fixture, 'file'>): Buffer {
  return readFileSync(new URL(file, folder))
}
