/** Control characters, line separators, lone surrogates, quotes and backslashes: what could end a line or a field, or break its decoding. */
const risky = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}"\\]/u
const everyRisky = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}"\\]/gu
/** What `JSON.stringify` leaves as it is though terminals and line splitters act on it. */
const leftRaw = /[\p{Cc}\p{Zl}\p{Zp}]/gu

/** A JSON string that is one line for every reader. */
export function quote(text: string): string {
  return isPlain(text) || !risky.test(text) ? `"${text}"` : harden(JSON.stringify(text))
}

/** Whether a short text is sure to hold nothing risky: most are ids and words, and a loop over those is quicker than the expression. */
function isPlain(text: string): boolean {
  if (text.length > 64) return false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return false
  }
  return true
}

/** JSON of anything, on one line; undefined for what JSON cannot hold. */
export function jsonOf(value: unknown): string | undefined {
  try {
    const json = JSON.stringify(value) as string | undefined
    return json && harden(json)
  } catch {
    return undefined // a cycle, a bigint or a toJSON that throws: the rest of the line is worth having
  }
}

function harden(json: string): string {
  return json.replace(leftRaw, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Where in a text format a variable stands, and thus what would end its field: white space, a quote, or a bracket. */
export type Enclosure = 'none' | 'quotes' | 'brackets'

/** Text in which nothing can end the line or the field that it stands in: such characters become `\xHH`, byte for byte of their UTF-8. */
export const escapeText: Readonly<Record<Enclosure, (text: string) => string>> = {
  none: (text) => (/[\s\p{Zs}]/u.test(text) ? hex(text).replace(/[\s\p{Zs}]/gu, bytesOf) : hex(text)),
  quotes: hex,
  brackets: (text) => hex(text).replaceAll(']', '\\x5D'),
}

function hex(text: string): string {
  return risky.test(text) ? text.replace(everyRisky, bytesOf) : text
}

function bytesOf(char: string): string {
  let escaped = ''
  for (const byte of Buffer.from(char)) escaped += `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`
  return escaped
}
