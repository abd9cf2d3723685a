import { isRecord } from '../is-record.ts'
import { objectIn, type Json } from '../translate/json.ts'

/** The result of a function as Gemini wants it, an object: the one that the text is, else one that holds the text. */
export function responseFor(text: string, isError: boolean): Json {
  if (isError) return { error: text }
  const object = objectIn(text)
  return object && textInside(object) === undefined ? object : { result: text }
}

/** The result of a function as a text, and whether it says that something went wrong. */
export function resultOf(response: unknown): { content: string; is_error?: true } {
  if (typeof response === 'string') return { content: response }
  if (!isRecord(response)) return { content: response === undefined || response === null ? '' : JSON.stringify(response) }
  const [only] = Object.keys(response)
  const content = textInside(response)
  if (content === undefined) return { content: JSON.stringify(response) }
  return only === 'error' ? { content, is_error: true } : { content }
}

/** SDKs wrap what is no object so: https://ai.google.dev/api/caching#FunctionResponse */
function textInside(response: Json): string | undefined {
  const [only, ...others] = Object.keys(response)
  if (only === undefined || others.length > 0 || !['result', 'output', 'error'].includes(only)) return undefined
  const value = response[only]
  return typeof value === 'string' ? value : undefined
}
