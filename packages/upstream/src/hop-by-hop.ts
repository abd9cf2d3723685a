import { isIdentityHeader, type HeaderMap } from '@sluice/kernel'

/** Fields that speak of one connection: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1. Trailers are not passed on, so neither is `trailer`. */
const fields: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** `Connection` may not take away what says where a message goes and how long it is; nor who sent it. */
const needed: ReadonlySet<string> = new Set(['host', 'content-length'])

/** Says of a header name whether it ends here, given the `Connection` field that came with it. */
export function hopByHop(connection: HeaderMap[string] | undefined): (name: string) => boolean {
  const named = connection === undefined ? undefined : optionsOf(connection)
  return (name) => fields.has(name) || (named !== undefined && named.has(name) && !needed.has(name) && !isIdentityHeader(name))
}

/** Undefined where it names no header: `close` and `keep-alive` are what nearly everyone says. */
function optionsOf(connection: string | readonly string[]): ReadonlySet<string> | undefined {
  const text = String(connection).toLowerCase()
  if (text === 'keep-alive' || text === 'close') return undefined
  return new Set(text.split(',').map((option) => option.trim()))
}
