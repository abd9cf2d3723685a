/**
 * The path that routes are matched with: percent-decoded, slashes merged, dot segments resolved (never above the
 * root). `%2F` stays encoded, so that an encoded slash never splits a segment. `undefined` for what is no path or is
 * malformed: a bad percent sign, bytes that are not UTF-8, control characters.
 */
export function normalizePath(path: string): string | undefined {
  // Most requests ask for the path that the one before has asked for, and each is looked at more than once.
  if (path !== last.path) last = { path, normal: normal(path) }
  return last.normal
}

let last: { readonly path: string; readonly normal: string | undefined } = { path: '', normal: undefined }

function normal(path: string): string | undefined {
  if (!path.startsWith('/')) return undefined
  if (!suspicious.test(path)) return path
  const decoded = decode(path)
  return decoded === undefined || control.test(decoded) ? undefined : resolve(decoded)
}

const control = /\p{Cc}/u
const suspicious = /[%\p{Cc}]|\/[./]/u

function decode(path: string): string | undefined {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path.replaceAll(/%2f/gi, '%252F'))
  } catch {
    return undefined
  }
}

function resolve(path: string): string {
  const kept: string[] = []
  const segments = path.split('/')
  for (const segment of segments) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  const endsInFolder = ['', '.', '..'].includes(segments.at(-1) ?? '')
  return `/${kept.join('/')}${endsInFolder && kept.length > 0 ? '/' : ''}`
}
