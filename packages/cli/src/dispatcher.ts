import { Agent, EnvHttpProxyAgent, type Dispatcher } from 'undici'
import type { Connection } from './connection.ts'

/** Requests under way at one time. */
const connections = 10

/** Makes the connections to a server, through the proxy that the environment names for it; `patience`: milliseconds that one may take, and an answer six times. */
export function dispatcherFor({ server, tls, proxy }: Connection, patience: number): Dispatcher {
  const { ca, cert, key, isVerified } = tls
  const connect = { timeout: patience, rejectUnauthorized: isVerified, ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert, key }) }
  const options = { connections, headersTimeout: 6 * patience, bodyTimeout: 6 * patience, connect }
  const { protocol, hostname } = new URL(server.value)
  const via = protocol === 'https:' ? proxy.https : proxy.http
  // A proxy elsewhere cannot reach what runs on this machine.
  if (via === undefined || hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')) return new Agent(options)
  return new EnvHttpProxyAgent({ ...options, httpProxy: proxy.http ?? '', httpsProxy: proxy.https ?? '', noProxy: proxy.except ?? '', requestTls: connect })
}
