/**
 * Header fields by name, names in lower case. Several fields of one name are an array only where joining them with
 * commas would change their meaning (`set-cookie`); everywhere else they are one string.
 */
export type HeaderMap = Record<string, string | string[]>

// Objects of one constructor share their shapes: adding a dozen fields costs a fifth of what it does on `Object.create(null)`, a hash table from the start.
const Fields = function () {} as unknown as new () => HeaderMap
Fields.prototype = Object.create(null)

/** An empty map that inherits nothing, so that a header called `constructor` finds nothing. */
export function headerMap(entries?: Iterable<readonly [string, string | string[]]>): HeaderMap {
  const map = new Fields()
  if (entries) for (const [name, value] of entries) map[name.toLowerCase()] = value
  return map
}

/** One value of a header: the first where there are several, undefined where there is none. */
export function headerOf(headers: HeaderMap, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'object' ? value[0] : value
}

/** Text as a header can carry it: headers are bytes, and strings of them Latin-1. What is not ASCII goes as UTF-8; control characters, which would end a header, stay behind. */
export function headerText(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  return Buffer.from(text.replaceAll(/[\x00-\x1f\x7f]/g, '')).toString('latin1')
}
