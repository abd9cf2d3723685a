import { cookieOf, headerOf, notePresented, type Exchange } from '@sluice/kernel'

/** What stands in a header as text, noted as a credential; undefined where there is none. */
export function presentedInHeader(ctx: Exchange, name: string): string | undefined {
  const value = headerOf(ctx.request.headers, name)
  if (value === undefined) return undefined
  notePresented(ctx, { in: 'header', name })
  return isAscii(value) ? value : Buffer.from(value, 'latin1').toString()
}

/** What stands in a query parameter, noted as a credential; all of its values, for with two of them nobody can tell which one was meant. */
export function presentedInQuery(ctx: Exchange, name: string): readonly string[] {
  const { query } = ctx.request
  if (query === '') return []
  const values = new URLSearchParams(query).getAll(name)
  if (values.length > 0) notePresented(ctx, { in: 'query', name })
  return values
}

/** What stands in a cookie, noted as a credential. */
export function presentedInCookie(ctx: Exchange, name: string): string | undefined {
  const value = cookieOf(ctx.request, name)
  if (value !== undefined) notePresented(ctx, { in: 'cookie', name })
  return value
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text)
}
