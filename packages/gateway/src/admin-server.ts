import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createAdmin, createControl, type AdminKey } from '@sluice/admin'
import type { AdminSettings, Env, GatewaySettings } from '@sluice/config'
import { ConfigError, type Logger } from '@sluice/kernel'
import type { Configuration } from './configuration.ts'
import { addressOf, closeServer, listenOn, type Address } from './listening.ts'
import { pemOf } from './pem-of.ts'
import { version } from './version.ts'
import { within } from './within.ts'

/** Longer than ADC keeps its connections: it is never us who close one as a request arrives. */
const keepAliveTimeoutMs = 75_000
/** Milliseconds that the head of a request, and all of it, may take. */
const headersTimeoutMs = 10_000
const requestTimeoutMs = 60_000
const limits = { keepAliveTimeout: keepAliveTimeoutMs, headersTimeout: headersTimeoutMs, requestTimeout: requestTimeoutMs }
/** Milliseconds that a request gets to be answered when the gateway stops. */
const graceMs = 2_000

export interface AdminServerInit {
  readonly configuration: Configuration
  /** The configuration file: what `tls` names is relative to it. */
  readonly file: string
  readonly env: Env
  readonly log: Logger
}

/** Where the Admin API and the control API are served; nothing where the configuration asks for none. */
export class AdminServer {
  readonly #settings: GatewaySettings
  readonly #admin: Server | undefined
  readonly #control: Server | undefined

  /** Listens. Rejects with a `ConfigError` where a certificate cannot be read, or where the port is taken. */
  static async start(init: AdminServerInit): Promise<AdminServer> {
    const server = new AdminServer(init)
    try {
      const { admin, control } = server.#settings
      if (server.#admin && admin) await listenOn(server.#admin, admin.listen)
      if (server.#control && control) await listenOn(server.#control, control.listen)
      return server
    } catch (error) {
      await server.close()
      throw error
    }
  }

  private constructor({ configuration, file, env, log }: AdminServerInit) {
    this.#settings = configuration.read.settings
    const { admin, control } = this.#settings
    const { store, kernel } = configuration
    if (control) this.#control = createServer(limits, createControl({ store, kernel, log }).callback())
    if (!admin) return
    const app = createAdmin({ store, kernel, env, keys: keysOf(admin), log, version, status: () => configuration.about })
    this.#admin = serverOf(app.callback(), admin, file)
  }

  /** Undefined where there is none. */
  get address(): Address | undefined {
    const { admin } = this.#settings
    return this.#admin && admin && addressOf(this.#admin, admin.listen)
  }

  /** Undefined where there is no control API. */
  get controlAddress(): Address | undefined {
    const { control } = this.#settings
    return this.#control && control && addressOf(this.#control, control.listen)
  }

  /** Takes no further requests; those that are under way get a moment to be answered. */
  async close(): Promise<void> {
    await Promise.all([this.#admin, this.#control].map(closeInTime))
  }
}

async function closeInTime(server: Server | undefined): Promise<void> {
  if (!server?.listening) return
  const closed = closeServer(server)
  server.closeIdleConnections()
  await within(graceMs, closed)
  server.closeAllConnections()
  await closed
}

function keysOf({ key, keys = [] }: AdminSettings): AdminKey[] {
  return [...(key === undefined ? [] : [{ name: 'admin', key, role: 'admin' as const }]), ...keys]
}

function serverOf(serve: Parameters<typeof createServer>[1], { tls }: AdminSettings, file: string): Server {
  if (!tls) return createServer(limits, serve)
  const [cert, key, ca] = (['cert', 'key', 'client_ca'] as const).map((field) => pemOf(tls[field], ['gateway', 'admin', 'tls', field], file))
  const clients = ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true }
  try {
    return createTlsServer({ ...limits, cert, key, ...clients }, serve)
  } catch (error) {
    throw new ConfigError([{ path: ['gateway', 'admin', 'tls'], message: `cannot be used: ${(error as Error).message}` }])
  }
}
