import { readFileSync } from 'node:fs'
import type { Dialect } from '@sluice/provider'
import { dialectOf, type DialectFacts } from '../src/index.ts'

const folder = new URL('../../testkit/fixtures/', import.meta.url)

/** An entry of the manifest, as far as these tests read it. */
export interface Recorded {
  id: string
  api: string
  file: string
  streaming: boolean
  http: { status: number; headers: Record<string, string> }
  expected: {
    outcome: 'ok' | 'error' | 'truncated'
    model?: string | null
    choices?: { content?: string | null; tool_calls?: unknown[] }[]
    usage?: Record<string, number | Record<string, number>> | null
    stream?: { done_sentinel: boolean; comment_lines?: number }
    stream_error?: { message: string; type?: string; code?: string }
    error?: {
      status: number
      message?: string
      upstream_type?: string
      upstream_code?: string | number
      upstream_status?: string
      param?: string
      retry_after_seconds?: number
      non_json?: boolean
    }
  }
}

const apis: Readonly<Record<string, Dialect>> = {
  chat: 'openai-chat',
  responses: 'openai-responses',
  embeddings: 'openai-embeddings',
  messages: 'anthropic-messages',
  generateContent: 'gemini',
  streamGenerateContent: 'gemini',
  converse: 'bedrock-converse',
  'converse-stream': 'bedrock-converse',
}

const { fixtures } = JSON.parse(readFileSync(new URL('manifest.json', folder), 'utf8')) as { fixtures: Recorded[] }

/** A stream that is no event stream: it has its own tests. */
export const jsonArray = 'gemini-stream-json-array'

/** Every recorded answer, in any protocol. */
export const everything: readonly Recorded[] = fixtures

/** Those in a dialect that is read here. */
export const spoken: readonly Recorded[] = fixtures.filter(({ api, id }) => api in apis && id !== jsonArray)

export function bytesOf({ file }: Recorded): Buffer {
  return readFileSync(new URL(file, folder))
}

/** The body of an answer, or of its request by that one's ending. */
export function recorded(id: string, ending?: string): Buffer {
  return ending === undefined ? bytesOf(found(fixtures.find((entry) => entry.id === id))) : readFileSync(new URL(`${id}${ending}`, folder))
}

export function factsOf({ api }: Recorded): DialectFacts {
  return facts(found(apis[api]))
}

export function facts(name: Dialect): DialectFacts {
  return found(dialectOf(name))
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('no such fixture or dialect')
  return value
}
