import type { Context } from 'koa'
import type { Answer } from './answer.ts'

/** Writes an answer. */
export function send(ctx: Context, { status, body, headers = {} }: Answer): void {
  ctx.status = status
  ctx.set(headers)
  if (body === undefined) {
    ctx.body = status === 204 ? null : ''
    return
  }
  ctx.body = typeof body === 'string' ? body : JSON.stringify(body)
  if (!('content-type' in headers)) ctx.type = 'application/json'
}
