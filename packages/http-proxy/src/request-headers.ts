import type { Exchange } from '@sluice/kernel'
import { hopByHop } from '@sluice/upstream'
import { forwardedHeaders, forwardedNames } from './forwarded.ts'

/** The request's headers as they go up, names and values by turns. `host` is undefined for the node's own, `length` where it is not known. */
export function requestHeaders(ctx: Exchange, host: string | undefined, length: number | undefined): string[] {
  const { headers } = ctx.request
  const endsHere = hopByHop(headers['connection'])
  const flat = forwardedHeaders(ctx)
  if (host !== undefined) flat.push('host', host)
  if (length !== undefined) flat.push('content-length', String(length))
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || isOurs(name) || endsHere(name)) continue
    if (typeof value === 'string') flat.push(name, value)
    else for (const one of value) flat.push(name, one)
  }
  return flat
}

/** `expect` was answered by the front already. */
function isOurs(name: string): boolean {
  return name === 'host' || name === 'content-length' || name === 'expect' || forwardedNames.has(name)
}
