import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AccessLog } from '@sluice/access-log'
import { compileSnapshot, type GatewaySettings, type Listen, type Snapshot } from '@sluice/config'
import { ConfigError, type Exchange, type Kernel, type Logger } from '@sluice/kernel'
import { createFront } from './front.ts'
import { InvalidConfigError } from './invalid-config-error.ts'
import { readAgain, readConfig, type KernelSource, type ReadConfig } from './read-config.ts'
import { rejectedRequest } from './rejected-request.ts'
import { createStatus } from './status.ts'
import { TrustedProxies } from './trusted-proxies.ts'

/** Milliseconds for which exchanges may still run once the gateway drains. */
const drainTimeoutMs = 30_000
/** Longer than load balancers in front keep theirs, so that it is never us who close a connection as a request arrives. */
const keepAliveTimeoutMs = 75_000

export interface Address {
  readonly host: string
  readonly port: number
}

/** A running gateway. */
export class Gateway {
  readonly kernel: Kernel
  readonly #source: KernelSource
  readonly #log: Logger
  readonly #front: Server
  readonly #status: Server
  #settings: GatewaySettings
  #snapshot: Snapshot
  #accessLog: AccessLog | undefined
  #trusted: TrustedProxies
  #draining = false
  #applying: Promise<void> = Promise.resolve()

  /** Reads the configuration, compiles it and listens. Rejects with an `InvalidConfigError`, or where a port is taken. */
  static async start(source: KernelSource): Promise<Gateway> {
    const { kernel, ...read } = await readConfig(source)
    const snapshot = await compileSnapshot({ kernel, resolved: read.resolved })
    const gateway = new Gateway(source, kernel, read, snapshot)
    try {
      await gateway.#listen()
    } catch (error) {
      await gateway.close()
      throw error
    }
    return gateway
  }

  private constructor(source: KernelSource, kernel: Kernel, read: ReadConfig, snapshot: Snapshot) {
    this.#source = source
    this.#log = source.log
    this.kernel = kernel
    this.#settings = read.settings
    this.#snapshot = snapshot
    this.#trusted = new TrustedProxies(read.settings.trusted_proxies)
    this.#accessLog = this.#openLog(read)
    this.#front = this.#createFront()
    this.#status = createServer(createStatus(() => !this.#draining).callback())
  }

  get settings(): GatewaySettings {
    return this.#settings
  }

  /** The configuration that serves now. */
  get snapshot(): Snapshot {
    return this.#snapshot
  }

  /** Where it listens; the ports are known even where the file says 0. */
  get address(): Address {
    return addressOf(this.#front, this.#settings.listen)
  }

  get statusAddress(): Address {
    return addressOf(this.#status, this.#settings.status.listen)
  }

  /**
   * Serves another text of the file from now on; exchanges under way finish on the one that they began with. Rejects
   * with an `InvalidConfigError`, and then nothing has changed.
   */
  apply(text: string): Promise<void> {
    const applied = this.#applying.then(() => this.#apply(text))
    this.#applying = applied.catch(() => {})
    return applied
  }

  /** Opens the access log anew, behind a rotation. */
  async reopenLog(): Promise<void> {
    await this.#accessLog?.reopen()
  }

  /** Writes out what the access log still holds. */
  async flushLog(): Promise<void> {
    await this.#accessLog?.flush()
  }

  /** Stops accepting, waits for what runs (30 s at most), writes out the log. False: exchanges were cut off. */
  async drain(): Promise<boolean> {
    this.#draining = true
    this.kernel.emit('drain')
    const closed = closeServer(this.#front)
    this.#front.closeIdleConnections()
    const late = Symbol('late')
    const { promise, resolve } = Promise.withResolvers<typeof late>()
    const timer = setTimeout(resolve, drainTimeoutMs, late)
    const first = await Promise.race([closed, promise])
    clearTimeout(timer)
    await this.close()
    return first !== late
  }

  /** Ends at once; exchanges under way are cut off. */
  async close(): Promise<void> {
    this.#draining = true
    const servers = [this.#front, this.#status].map(closeServer)
    this.#front.closeAllConnections()
    this.#status.closeAllConnections()
    await Promise.all(servers)
    await this.#snapshot.retire()
    await this.#accessLog?.close()
  }

  async #listen(): Promise<void> {
    await listenOn(this.#front, this.#settings.listen)
    await listenOn(this.#status, this.#settings.status.listen)
  }

  #createFront(): Server {
    const onSettled = (ctx: Exchange): void => this.#accessLog?.write(ctx)
    const gateway = this
    const front = createFront({
      kernel: this.kernel,
      snapshot: () => gateway.#snapshot,
      get maxBodyBytes() {
        return gateway.#settings.max_body_bytes
      },
      get trusted() {
        return gateway.#trusted
      },
      onSettled,
    })
    const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs, noDelay: true }, front.callback())
    server.on('clientError', (error, socket) => rejectedRequest(error, socket, this.#log, onSettled))
    return server
  }

  #openLog({ settings, logLine }: ReadConfig): AccessLog | undefined {
    if (settings.access_log === false || !logLine) return undefined
    return new AccessLog({
      path: settings.access_log.path,
      line: logLine,
      onError: (err) => this.#log.error({ err }, err.message),
    })
  }

  async #apply(text: string): Promise<void> {
    const { file, env } = this.#source
    let read: ReadConfig
    let snapshot: Snapshot
    try {
      read = readAgain({ file, text, env }, this.kernel)
      snapshot = await compileSnapshot({ kernel: this.kernel, resolved: read.resolved })
    } catch (error) {
      if (error instanceof InvalidConfigError || error instanceof ConfigError) {
        this.kernel.emit('snapshot:rejected', error.issues)
      }
      throw error
    }
    const before = { settings: this.#settings, snapshot: this.#snapshot, accessLog: this.#accessLog }
    this.#snapshot = snapshot
    this.#trusted = new TrustedProxies(read.settings.trusted_proxies)
    if (isOther(before.settings.access_log, read.settings.access_log)) {
      this.#accessLog = this.#openLog(read)
      await before.accessLog?.close()
    }
    this.#sayWhatNeedsRestart(before.settings, read.settings)
    this.#settings = { ...read.settings, listen: before.settings.listen, status: before.settings.status }
    this.kernel.emit('snapshot', { routes: snapshot.routes.length })
    await before.snapshot.retire()
  }

  #sayWhatNeedsRestart(before: GatewaySettings, now: GatewaySettings): void {
    for (const name of ['listen', 'status', 'admin', 'plugins', 'workers'] as const) {
      if (isOther(before[name], now[name])) this.#log.warn({ setting: `gateway.${name}` }, `gateway.${name} has changed: restart to apply it`)
    }
  }
}

function isOther(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) !== JSON.stringify(b)
}

async function listenOn(server: Server, { host, port }: Listen): Promise<void> {
  server.listen(port, host)
  await once(server, 'listening')
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}

function addressOf(server: Server, configured: Listen): Address {
  const address = server.address() as AddressInfo | null
  return { host: configured.host, port: address?.port ?? configured.port }
}
