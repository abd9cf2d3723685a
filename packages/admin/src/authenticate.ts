import type { Context } from 'koa'
import type { Caller } from './admin-key.ts'
import { Refusal } from './refusal.ts'

const reading = new Set(['GET', 'HEAD'])

/** Whose key a request shows: in `X-API-KEY`, else the query’s `api_key`, else the cookie `x_api_key`. Throws a `Refusal`. */
export function authenticate(ctx: Context, find: (shown: string) => Caller | undefined): Caller {
  const shown = ctx.get('x-api-key') || inQuery(ctx.query['api_key']) || ctx.cookies.get('x_api_key')
  if (!shown) throw unknown('missing apikey')
  const caller = find(shown)
  if (!caller) throw unknown('wrong apikey')
  if (caller.role === 'viewer' && !reading.has(ctx.method)) throw unknown('invalid method for role viewer')
  return caller
}

function inQuery(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

// APISIX answers so, in these words.
function unknown(description: string): Refusal {
  return new Refusal(401, { error_msg: 'failed to check token', description })
}
