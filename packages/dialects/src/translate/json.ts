import { parseExact } from './exact-json.ts'

/** A JSON object of which nothing is known yet. */
export type Json = Record<string, unknown>

/** A text with something in it. */
export function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A finite number. */
export function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** A count of tokens: whole, never below 0, and 0 where there is none. */
export function countIn(value: unknown): number {
  return typeof value === 'number' && value > 0 && Number.isFinite(value) ? Math.floor(value) : 0
}

/** The object that a text holds; undefined where it holds anything else. */
export function objectIn(text: string): Json | undefined {
  try {
    const value = parseExact(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined
  } catch {
    return undefined
  }
}
