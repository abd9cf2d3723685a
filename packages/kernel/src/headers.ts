/**
 * Header fields by name, names in lower case. Several fields of one name are an array only where joining them with
 * commas would change their meaning (`set-cookie`); everywhere else they are one string.
 */
export type HeaderMap = Record<string, string | string[]>

/** An empty map on no prototype, so that a header called `constructor` finds nothing. */
export function headerMap(entries?: Iterable<readonly [string, string | string[]]>): HeaderMap {
  const map = Object.create(null) as HeaderMap
  if (entries) for (const [name, value] of entries) map[name.toLowerCase()] = value
  return map
}

/** One value of a header: the first where there are several, undefined where there is none. */
export function headerOf(headers: HeaderMap, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'object' ? value[0] : value
}
