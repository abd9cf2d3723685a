import { closeBrace, closeBracket, comma, openBrace, openBracket } from './ascii.ts'
import type { Source } from './source.ts'

/** A container that is being filled; `name` is that of the member whose value comes next. */
interface Level {
  readonly into: Record<string, unknown> | unknown[]
  name: string
}

/**
 * The value that `JSON.parse` should give for checked text. V8 13 and 14 take an escaped member name for another one
 * that starts with a backslash if they have seen that before (https://github.com/nodejs/node/issues/63785), so text
 * with such names is read here, where names are decoded as strings of their own. May go when Node 26 has the fix.
 */
export function readValue(source: Source, start: number): unknown {
  const { bytes } = source
  const levels: Level[] = []
  let at = start
  for (;;) {
    let value: unknown
    const byte = bytes[at]
    if (byte === openBrace || byte === openBracket) {
      const isObject = byte === openBrace
      at = source.skipSpace(at + 1)
      value = isObject ? {} : []
      if (bytes[at] !== (isObject ? closeBrace : closeBracket)) {
        const level = { into: value as Level['into'], name: '' }
        levels.push(level)
        if (isObject) at = readName(source, at, level)
        continue
      }
      at++
    } else {
      const end = source.valueEnd(at)
      value = JSON.parse(bytes.toString('utf8', at, end))
      at = end
    }
    for (let level = levels.at(-1); ; level = levels.at(-1)) {
      if (level === undefined) return value
      add(level, value)
      at = source.skipSpace(at)
      if (bytes[at] === comma) {
        at = source.skipSpace(at + 1)
        if (!Array.isArray(level.into)) at = readName(source, at, level)
        break
      }
      at++
      value = level.into
      levels.pop()
    }
  }
}

/** Where the value of that member begins. */
function readName(source: Source, open: number, level: Level): number {
  level.name = source.string(open)
  return source.skipSpace(source.skipSpace(source.stringEnd(open)) + 1)
}

/** As own property, `__proto__` too. */
function add({ into, name }: Level, value: unknown): void {
  if (Array.isArray(into)) into.push(value)
  else Object.defineProperty(into, name, { value, writable: true, enumerable: true, configurable: true })
}
