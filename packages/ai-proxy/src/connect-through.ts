import { Connections, type ConnectionKey, type Connector } from '@sluice/upstream'
import { EnvHttpProxyAgent, type Dispatcher } from 'undici'

/** Proxies for the way out, as the environment names them. */
export interface OutboundProxy {
  /** For `https:` origins. */
  readonly https?: string
  /** For `http:` origins. */
  readonly http?: string
  /** Hosts that are reached directly, as in the environment variable `NO_PROXY`. */
  readonly except?: string
}

/** Makes the connections of a key, through a proxy where there is one for them. */
export function connectThrough({ https = '', http = '', except = '' }: OutboundProxy): (key: ConnectionKey) => Dispatcher {
  return (key) => {
    const via = key.origin.startsWith('https:') ? https : http
    if (via === '' || isLoopback(key.origin)) return new Connections(key)
    return new EnvHttpProxyAgent({
      httpProxy: http,
      httpsProxy: https,
      noProxy: except,
      // The tunnel is undici's, what goes through it is as everywhere: undici's own pool takes a reset for the end of an answer.
      factory: (origin, { connect }: { connect?: unknown }) => new Connections({ ...key, origin: String(origin) }, isConnector(connect) ? connect : undefined),
      allowH2: false,
      connect: { timeout: key.connectMs, rejectUnauthorized: key.verify },
      requestTls: { timeout: key.connectMs, rejectUnauthorized: key.verify },
    })
  }
}

function isConnector(connect: unknown): connect is Connector {
  return typeof connect === 'function'
}

/** A proxy elsewhere cannot reach what runs beside the gateway. */
function isLoopback(origin: string): boolean {
  const { hostname } = new URL(origin)
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
}
