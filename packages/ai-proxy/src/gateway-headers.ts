import type { Exchange, HeaderMap } from '@sluice/kernel'

/** Adds our request id where upstream gave none of its own, so that there is always one to quote. */
export function gatewayHeaders(headers: HeaderMap, ctx: Exchange): HeaderMap {
  headers['x-request-id'] ??= ctx.id
  return headers
}
