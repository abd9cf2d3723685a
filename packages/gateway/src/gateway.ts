import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { AccessLog } from '@sluice/access-log'
import type { GatewaySettings, Listen, Snapshot } from '@sluice/config'
import { ConfigError, type Exchange, type Kernel, type Logger } from '@sluice/kernel'
import { answerOf } from './answer-of.ts'
import { boundConnections } from './client-connections.ts'
import { continueWhenRead } from './continue-when-read.ts'
import { createFront } from './front.ts'
import { InvalidConfigError } from './invalid-config-error.ts'
import { LargeBodies } from './large-bodies.ts'
import { compileConfig, placed, readAgain, readConfig, type KernelSource, type ReadConfig } from './read-config.ts'
import { NoTunnelError, rejectedRequest } from './rejected-request.ts'
import type { RequestLimits } from './request-of.ts'
import { createStatus } from './status.ts'
import { TrustedProxies } from './trusted-proxies.ts'

/** Milliseconds for which exchanges may still run once the gateway drains. */
const drainTimeoutMs = 30_000
/** Milliseconds between two looks for connections that have nothing left to do. */
const idleCheckMs = 50
/** Milliseconds for which hooks may still look back on exchanges that are over, once the gateway has closed. */
const settleGraceMs = 2_000
/** Longer than load balancers in front keep theirs, so that it is never us who close a connection as a request arrives. */
const keepAliveTimeoutMs = 75_000
/** Milliseconds between two looks for requests that take too long to arrive, at most. */
const lateCheckMs = 5_000
/** Milliseconds for which a client may take nothing of what waits for it. */
const stallTimeoutMs = 300_000

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
  /** What some settings stay at until a restart. */
  readonly #started: GatewaySettings
  #settings: GatewaySettings
  #snapshot: Snapshot
  #accessLog: AccessLog | undefined
  readonly #largeBodies: LargeBodies
  #limits: RequestLimits
  #draining = false
  #isClosed = false
  readonly #living = new Set<Snapshot>()
  #applying: Promise<void> = Promise.resolve()

  /** Reads the configuration, compiles it and listens. Rejects with an `InvalidConfigError`, or where a port is taken. */
  static async start(source: KernelSource): Promise<Gateway> {
    const { kernel, ...read } = await readConfig(source)
    const snapshot = await compileConfig(read, kernel)
    let gateway: Gateway | undefined
    try {
      gateway = new Gateway(source, kernel, read, snapshot)
      await gateway.#listen()
      return gateway
    } catch (error) {
      if (gateway) await gateway.close()
      else snapshot.retire()
      throw await placed(error, read)
    }
  }

  private constructor(source: KernelSource, kernel: Kernel, read: ReadConfig, snapshot: Snapshot) {
    this.#source = source
    this.#log = source.log
    this.kernel = kernel
    this.#started = read.settings
    this.#settings = read.settings
    this.#snapshot = this.#watch(snapshot)
    this.#largeBodies = new LargeBodies(read.settings.max_buffered_bytes)
    this.#limits = this.#limitsOf(read.settings)
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
   * with an `InvalidConfigError`, or where the gateway has closed meanwhile, and then nothing has changed.
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
    // A connection that is kept alive becomes idle only when its exchange has ended, and would then wait for a request.
    const idle = setInterval(() => this.#front.closeIdleConnections(), idleCheckMs)
    const inTime = await within(drainTimeoutMs, closed)
    clearInterval(idle)
    await this.close()
    return inTime
  }

  /** Ends at once; exchanges under way are cut off. */
  async close(): Promise<void> {
    this.#draining = true
    this.#isClosed = true
    const servers = [this.#front, this.#status].map(closeServer)
    this.#front.closeAllConnections()
    this.#status.closeAllConnections()
    await Promise.all(servers)
    this.#snapshot.retire()
    // What has just ended is still being settled, and is to have its line in the log.
    await within(settleGraceMs, Promise.all([...this.#living].map(({ disposed }) => disposed)))
    await this.#accessLog?.close()
  }

  async #listen(): Promise<void> {
    await listenOn(this.#front, this.#settings.listen)
    await listenOn(this.#status, this.#settings.status.listen)
  }

  #createFront(): Server {
    const onSettled = (ctx: Exchange): void => this.#accessLog?.write(ctx)
    const front = createFront({
      kernel: this.kernel,
      snapshot: () => this.#snapshot,
      limits: () => this.#limits,
      isDraining: () => this.#draining,
      onSettled,
    })
    const serve = front.callback()
    const { header_timeout_ms: headersTimeout, request_timeout_ms: requestTimeout } = this.#settings
    const connectionsCheckingInterval = Math.min(headersTimeout / 5, lateCheckMs)
    const timeouts = { keepAliveTimeout: keepAliveTimeoutMs, headersTimeout, requestTimeout, connectionsCheckingInterval }
    const server = createServer({ ...timeouts, noDelay: true, requireHostHeader: false }, serve)
    boundConnections(server, () => this.#settings.max_connections, this.#log)
    const reject = (error: Error, socket: Duplex): void => rejectedRequest(error, socket, this.#log, onSettled)
    server.on('clientError', reject)
    server.setTimeout(stallTimeoutMs, endStalled)
    // What Node would answer by itself, or not at all, and nobody would hear of.
    server.on('checkExpectation', serve)
    server.on('checkContinue', (req, res) => {
      continueWhenRead(req, res)
      void serve(req, res)
    })
    server.on('connect', (_, socket) => reject(new NoTunnelError(), socket))
    return server
  }

  /** Throws a `ConfigError` where it cannot be. */
  #openLog({ settings, logLine }: ReadConfig): AccessLog | undefined {
    if (settings.access_log === false || !logLine) return undefined
    const { path } = settings.access_log
    try {
      return new AccessLog({ path, line: logLine, onError: (err) => this.#log.error({ err }, err.message) })
    } catch (error) {
      const message = `cannot be opened: ${(error as Error).message}`
      throw new ConfigError([{ path: ['gateway', 'access_log', 'path'], message }])
    }
  }

  async #apply(text: string): Promise<void> {
    const before = { settings: this.#settings, snapshot: this.#snapshot, accessLog: this.#accessLog }
    try {
      const read = await readAgain({ ...this.#source, text }, this.kernel)
      const snapshot = await compileConfig(read, this.kernel)
      try {
        // A slow setup: nobody would ever retire what it made.
        if (this.#isClosed) throw new Error('the gateway is closed')
        if (isOther(before.settings.access_log, read.settings.access_log)) this.#accessLog = this.#openLog(read)
      } catch (error) {
        snapshot.retire()
        throw await placed(error, read)
      }
      this.#serve(read, snapshot)
    } catch (error) {
      if (error instanceof InvalidConfigError) this.kernel.emit('snapshot:rejected', error.issues)
      throw error
    }
    before.snapshot.retire()
    if (before.accessLog !== this.#accessLog) await before.accessLog?.close()
  }

  #serve({ settings }: ReadConfig, snapshot: Snapshot): void {
    const { listen, status } = this.#settings
    this.#sayWhatNeedsRestart(settings)
    this.#limits = this.#limitsOf(settings)
    this.#front.headersTimeout = settings.header_timeout_ms
    this.#front.requestTimeout = settings.request_timeout_ms
    this.#settings = { ...settings, listen, status }
    this.#snapshot = this.#watch(snapshot)
    this.kernel.emit('snapshot', { routes: snapshot.routes.length })
  }

  #limitsOf({ max_body_bytes: maxBodyBytes, max_buffered_bytes: most, trusted_proxies: trusted }: GatewaySettings): RequestLimits {
    this.#largeBodies.limit = most
    return { maxBodyBytes, trusted: new TrustedProxies(trusted), largeBodies: this.#largeBodies }
  }

  /** Remembers a snapshot for as long as exchanges may run on it. */
  #watch(snapshot: Snapshot): Snapshot {
    this.#living.add(snapshot)
    void snapshot.disposed.finally(() => this.#living.delete(snapshot))
    return snapshot
  }

  #sayWhatNeedsRestart(now: GatewaySettings): void {
    for (const name of ['listen', 'status', 'admin', 'plugins', 'workers'] as const) {
      if (isOther(this.#started[name], now[name])) this.#log.warn({ setting: `gateway.${name}` }, `gateway.${name} has changed: restart to apply it`)
    }
  }
}

function isOther(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) !== JSON.stringify(b)
}

/** Nothing has moved on a connection for its time. */
function endStalled(socket: Socket): void {
  // An answer that has nothing to say yet is no fault of the client.
  if (!answerOf(socket) || socket.writableLength > 0) socket.destroy()
}

async function listenOn(server: Server, { host, port }: Listen): Promise<void> {
  server.listen(port, host)
  await once(server, 'listening')
}

/** Whether something has happened before the time was up, in milliseconds. */
async function within(time: number, happens: Promise<unknown>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(resolve, time, false)
  const inTime = await Promise.race([happens.then(() => true), promise])
  clearTimeout(timer)
  return inTime
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
