import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { headerMap, isIdentityHeader, RequestBody, type ExchangeRequest, type HeaderMap } from '@sluice/kernel'
import { normalizePath } from '@sluice/router'
import { SocketBody } from './body-source.ts'
import type { LargeBodies } from './large-bodies.ts'
import type { TrustedProxies } from './trusted-proxies.ts'

export interface RequestLimits {
  readonly maxBodyBytes: number
  readonly trusted: TrustedProxies
  readonly largeBodies: LargeBodies
}

/** Node's request as an exchange carries it. `uri` is undefined where the path is malformed. */
export function requestOf(
  req: IncomingMessage,
  { maxBodyBytes, trusted, largeBodies }: RequestLimits,
): Omit<ExchangeRequest, 'uri'> & { uri: string | undefined } {
  const headers = headersOf(req)
  const target = originForm(req.url ?? '/', headers)
  const at = target.indexOf('?')
  const path = at < 0 ? target : target.slice(0, at)
  const { socket } = req
  return {
    method: req.method ?? 'GET',
    path,
    uri: normalizePath(path),
    query: at < 0 ? '' : target.slice(at + 1),
    headers,
    body: new RequestBody(new SocketBody(req, headers['content-length'] as string | undefined, largeBodies), maxBodyBytes),
    scheme: (socket as Partial<TLSSocket>).encrypted ? 'https' : 'http',
    httpVersion: req.httpVersion,
    ...addressesOf(socket, headers, trusted),
  }
}

/** Who asks is not the client's to say. */
function headersOf({ headers: parsed, rawHeaders: raw }: IncomingMessage): HeaderMap {
  const headers = headerMap()
  let fields = 0
  for (const name in parsed) {
    const value = parsed[name]
    if (typeof value !== 'string') return joined(raw)
    fields += 1
    if (nameOf(name) !== '') headers[name] = value
  }
  // Node has made these already, and drops the second field of some names.
  return fields * 2 === raw.length ? headers : joined(raw)
}

/** Several fields of one name become one, as RFC 9110 §5.3 allows; cookies join by semicolons. */
function joined(raw: readonly string[]): HeaderMap {
  const headers = headerMap()
  for (let index = 0; index < raw.length; index += 2) {
    const name = nameOf(raw[index] as string)
    if (name === '') continue
    const value = raw[index + 1] as string
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else if (name === 'cookie') headers[name] = `${String(before)}; ${value}`
    else headers[name] = `${String(before)}, ${value}`
  }
  return headers
}

/** Names as clients spell them, which is in few ways; bounded, for they may invent some. Those that nobody is to see are empty. */
const spellings = new Map<string, string>()
const mostSpellings = 1000

function nameOf(name: string): string {
  let lower = spellings.get(name)
  if (lower === undefined) {
    lower = name.toLowerCase()
    if (isIdentityHeader(lower)) lower = ''
    if (spellings.size < mostSpellings) spellings.set(name, lower)
  }
  return lower
}

/** A client that takes us for a forward proxy sends the whole URL; its host counts, its path is routed: RFC 9112 §3.2.2. */
function originForm(url: string, headers: HeaderMap): string {
  if (url.startsWith('/') || url === '*') return url
  const match = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)([^#]*)/i.exec(url)
  if (!match) return url
  const [, host = '', rest = ''] = match
  headers['host'] = host
  return rest.startsWith('/') ? rest : `/${rest}`
}

type Addresses = Pick<ExchangeRequest, 'remoteAddress' | 'peerAddress' | 'remotePort' | 'serverAddress' | 'serverPort'>

function addressesOf(socket: Socket, headers: HeaderMap, trusted: TrustedProxies): Addresses {
  const peer = plainAddress(socket.remoteAddress ?? '')
  return {
    remoteAddress: trusted.isEmpty ? peer : trusted.clientOf(peer, headers['x-forwarded-for']),
    peerAddress: peer,
    remotePort: socket.remotePort ?? 0,
    serverAddress: plainAddress(socket.localAddress ?? ''),
    serverPort: socket.localPort ?? 0,
  }
}

/** IPv4 as IPv4, also on a socket that speaks both. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
