import type { Exchange, ExchangeRequest } from './exchange.ts'
import { headerOf } from './headers.ts'
import { slot } from './slot.ts'

/** Where a client's credential stands in a request. Header names in lower case. */
export interface CredentialPlace {
  readonly in: 'header' | 'query' | 'cookie'
  readonly name: string
}

const presented = slot<CredentialPlace[]>('kernel.presented')

const principal = slot<Exchange>('kernel.presentedFor')

/** What is noted of `caller`, an exchange made to ask whether somebody would be let in, is noted of `ctx`, too: its log shows the same request. */
export function presentFor(caller: Exchange, ctx: Exchange): void {
  caller.set(principal, ctx)
}

/** Notes where a credential stands, whether it is good or not, so that whoever must not pass it on can take it away. */
export function notePresented(ctx: Exchange, place: CredentialPlace): void {
  const other = ctx.get(principal)
  if (other) notePresented(other, place)
  const places = ctx.get(presented)
  if (places) places.push(place)
  else ctx.set(presented, [place])
}

/** Names of the headers, parameters or cookies in which a credential was noted that is still there: no log shows what they hold. */
export function presentedIn(ctx: Exchange, where: CredentialPlace['in']): readonly string[] {
  const places = ctx.get(presented)
  return places ? places.filter((place) => place.in === where).map(({ name }) => name) : none
}

const none: readonly string[] = []

/** Takes every credential that was noted out of the request. */
export function hidePresented(ctx: Exchange): void {
  const places = ctx.get(presented)
  if (!places) return
  for (const place of places.splice(0)) remove(place, ctx.request)
}

/** The value of a cookie. */
export function cookieOf({ headers }: Pick<ExchangeRequest, 'headers'>, name: string): string | undefined {
  for (const pair of (headerOf(headers, 'cookie') ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}

function remove({ in: where, name }: CredentialPlace, request: ExchangeRequest): void {
  if (where === 'header') delete request.headers[name]
  else if (where === 'query') request.query = without(request.query, '&', (pair) => parameterOf(pair) === name)
  else removeCookie(name, request)
}

function removeCookie(name: string, { headers }: ExchangeRequest): void {
  const left = without(headerOf(headers, 'cookie') ?? '', ';', (pair) => pair.split('=', 1)[0]?.trim() === name).trim()
  if (left === '') delete headers['cookie']
  else headers['cookie'] = left
}

/** What is left stays byte for byte. */
function without(text: string, separator: string, isGone: (pair: string) => boolean): string {
  return text.split(separator).filter((pair) => !isGone(pair)).join(separator)
}

/** As `URLSearchParams` reads names, for that is how they were looked for. */
function parameterOf(pair: string): string {
  return new URLSearchParams(pair).keys().next().value ?? ''
}
