import { headerMap, type HeaderMap } from '@sluice/kernel'
import { hopByHop, type IncomingHeaders } from '@sluice/upstream'

/** Joining these with commas would change their meaning. */
const repeated: ReadonlySet<string> = new Set(['set-cookie', 'www-authenticate'])

/** The answer's headers as they go down, `content-length` included: the front need not chunk what has a length. */
export function responseHeaders(incoming: IncomingHeaders): HeaderMap {
  const headers = headerMap()
  const endsHere = hopByHop(incoming['connection'])
  for (const name of Object.keys(incoming)) {
    const value = incoming[name]
    if (value === undefined || endsHere(name)) continue
    headers[name] = typeof value === 'string' || repeated.has(name) ? value : value.join(', ')
  }
  return headers
}
