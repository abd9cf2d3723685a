import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { Dialect } from '@sluice/provider'
import { describe, expect, test } from 'vitest'
import { schemaProblems } from '../../../test/support/dialect-schemas.ts'
import { canTranslate, Untranslatable } from '../src/index.ts'
import { translating, type Json } from './translating.ts'

interface Alternative {
  path?: string
  equals?: unknown
  in?: unknown[]
  type?: string
  minimum?: number
  length?: number
  text_equals?: string
  text_contains_in_order?: string[]
  absent?: string[]
  status?: number
}

interface Vector {
  id: string
  from: Dialect
  to: string
  input: Json
  expected?: Json
  must?: [pointer: string, value: unknown][]
  absent?: string[]
  any_of?: Alternative[]
}

/** Those that came with the recorded answers, and those of the pairs that they leave out. */
const files = ['../../testkit/fixtures/request-vectors.json', './own-request-vectors.json'].map((file) => new URL(file, import.meta.url))
const vectors = files.flatMap((file) => (JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] }).vectors)
const providerOf = ({ to }: Vector): Dialect => (to === 'gemini-generateContent' ? 'gemini' : to) as Dialect

/** The value at a JSON pointer; undefined where there is none. */
function at(body: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((value, name) => (value as Json | undefined)?.[name], body)
}

function textAt(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map((part: Json) => String(part['text'])).join('')
  return value && typeof value === 'object' && 'parts' in value ? textAt(value.parts) : ''
}

function holds(body: Json, one: Alternative): boolean {
  if (one.absent) return one.absent.every((pointer) => at(body, pointer) === undefined)
  const value = at(body, one.path ?? '')
  if ('equals' in one) return JSON.stringify(value) === JSON.stringify(one.equals)
  if (one.type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  if (one.in) return one.in.includes(value)
  if (one.length !== undefined) return Array.isArray(value) && value.length === one.length
  if (one.text_equals !== undefined) return textAt(value) === one.text_equals
  if (one.text_contains_in_order) return new RegExp(one.text_contains_in_order.join('[^]*')).test(textAt(value))
  return typeof value === 'number' && Number.isInteger(value) && value >= (one.minimum ?? 0)
}

function translated({ from, input, ...vector }: Vector): Json | Untranslatable {
  try {
    return translating(from, providerOf({ from, input, ...vector })).request(input)
  } catch (error) {
    if (error instanceof Untranslatable) return error
    throw error
  }
}

const schemas: Partial<Record<Dialect, readonly ['openAi' | 'anthropic' | 'gemini' | 'bedrock', string]>> = {
  'openai-chat': ['openAi', 'CreateChatCompletionRequest'],
  'openai-responses': ['openAi', 'CreateResponse'],
  gemini: ['gemini', 'GenerateContentRequest'],
  'bedrock-converse': ['bedrock', 'ConverseRequest'],
  'anthropic-messages': ['anthropic', 'MessagesRequest'],
}

function refusalProblems({ status, message }: Untranslatable, { any_of }: Vector): string[] {
  return any_of?.some((one) => one.status === status) ? [] : [`refused: ${message}`]
}

function bodyProblems(body: Json, vector: Vector): string[] {
  const { must = [], absent = [], any_of, expected } = vector
  const [bundle, name] = schemas[providerOf(vector)] ?? []
  return [
    ...must.filter(([pointer, value]) => !isDeepStrictEqual(at(body, pointer), value)).map(([pointer]) => `${pointer} is not what it must be`),
    ...absent.filter((pointer) => at(body, pointer) !== undefined).map((pointer) => `${pointer} must not be there`),
    ...(any_of && !any_of.some((one) => holds(body, one)) ? ['no alternative holds'] : []),
    ...(expected && !isDeepStrictEqual(body, expected) ? [`not as expected: ${JSON.stringify(body)}`] : []),
    ...(bundle && name ? schemaProblems(bundle, name, body) : []),
  ]
}

describe('a request', () => {
  test('has no vector whose pair cannot be translated', () => {
    expect(vectors.filter((vector) => !canTranslate(vector.from, providerOf(vector)))).toEqual([])
  })

  test.for(vectors)('$id is translated as it must be', (vector) => {
    const body = translated(vector)
    const problems = body instanceof Untranslatable ? refusalProblems(body, vector) : bodyProblems(body, vector)
    expect(problems).toEqual([])
  })

  test('of Anthropic’s leaves no mark for the cache on its way to OpenAI', () => {
    const vector = vectors.find(({ id }) => id === 'a2c-system-blocks-cache')!
    expect(JSON.stringify(translated(vector))).not.toContain('cache_control')
  })
})
