import { deepest } from './to-plain.ts'

/**
 * The value of a text that is JSON, in a small part of the time that YAML takes. Undefined where it is not, and where
 * YAML's reader is to say what is wrong with it: a key that is written twice, a number that is none, too many levels.
 */
export function readJson(text: string): { value: unknown } | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return membersIn(value, 0) === membersWritten(text) ? { value } : undefined
  } catch {
    return undefined // it may be YAML
  }
}

/** Members of all objects; NaN where there is a value that cannot be. */
function membersIn(value: unknown, depth: number): number {
  if (typeof value === 'number') return Number.isFinite(value) ? 0 : NaN
  if (typeof value !== 'object' || value === null) return 0
  if (depth >= deepest) return NaN
  const inner: unknown[] = Array.isArray(value) ? value : Object.values(value)
  let count = Array.isArray(value) ? 0 : inner.length
  for (const one of inner) count += membersIn(one, depth + 1)
  return count
}

/** The same, counted in the text: each has one colon that stands in no string. */
function membersWritten(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === colon) count += 1
    else if (code === quote) at = endOfString(text, at)
  }
  return count
}

function endOfString(text: string, start: number): number {
  let end = start
  do end = text.indexOf('"', end + 1)
  while (isEscaped(text, end))
  return end
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0
  while (text.charCodeAt(at - 1 - slashes) === backslash) slashes += 1
  return slashes % 2 === 1
}

const quote = 0x22
const colon = 0x3a
const backslash = 0x5c
