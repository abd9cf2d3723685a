import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { AccessLog } from '@sluice/access-log'
import { compileSnapshot, type GatewaySettings, type Snapshot } from '@sluice/config'
import { ConfigError, HttpError, type Exchange, type Kernel, type Logger } from '@sluice/kernel'
import { answerOf } from './answer-of.ts'
import { boundConnections } from './client-connections.ts'
import { continueWhenRead } from './continue-when-read.ts'
import { drainConnections } from './drain-connections.ts'
import { createFront } from './front.ts'
import { LargeBodies } from './large-bodies.ts'
import { modelsOrNotFound } from './offered-models.ts'
import type { ReadConfig } from './read-config.ts'
import { NoTunnelError, rejectedRequest } from './rejected-request.ts'
import type { RequestLimits } from './request-of.ts'
import { isOther } from './restart.ts'
import { Running } from './running.ts'
import { TrustedProxies } from './trusted-proxies.ts'
import { within } from './within.ts'

/** Milliseconds that clients get to take the end of what is cut off once the time for a drain is up. */
const cutGraceMs = 1_000
/** Milliseconds for which hooks may still look back on exchanges that are over, once the data plane has closed. */
const settleGraceMs = 2_000
/** Longer than load balancers in front keep theirs, so that it is never us who close a connection as a request arrives. */
const keepAliveTimeoutMs = 75_000
/** Milliseconds between two looks for requests that take too long to arrive, at most. */
const lateCheckMs = 5_000

/** Opens the access log that a configuration asks for. Throws a `ConfigError` where it cannot be opened. */
export type OpenLog = (read: ReadConfig) => AccessLog | undefined

export interface DataPlaneOptions {
  readonly kernel: Kernel
  readonly log: Logger
  readonly openLog: OpenLog
  /** Processes that serve together: each has its part of what is bounded for all. */
  readonly among?: number
}

/** A configuration that is compiled and could serve. */
export interface Change {
  readonly read: ReadConfig
  /** New exchanges run on it from now on. Resolves once the access log before it, where there was another, is written out. */
  commit(): Promise<void>
  /** It is not wanted after all. */
  discard(): Promise<void>
}

/** What serves requests in one process: the HTTP server, the snapshot that it serves and the access log that it fills. */
export class DataPlane {
  readonly kernel: Kernel
  /** Listens where its owner says, or gets its connections handed over with `emit('connection', socket)`. */
  readonly server: Server
  readonly #log: Logger
  readonly #openLog: OpenLog
  readonly #among: number
  readonly #connections: ReadonlySet<Socket>
  readonly #largeBodies: LargeBodies
  readonly #running = new Running()
  readonly #living = new Set<Snapshot>()
  #settings: GatewaySettings
  #snapshot: Snapshot
  #accessLog: AccessLog | undefined
  #limits: RequestLimits
  #draining = false
  #isClosed = false

  /** Compiles what was read. Rejects with a `ConfigError`. */
  static async start(read: ReadConfig, options: DataPlaneOptions): Promise<DataPlane> {
    const snapshot = await compile(options.kernel, read)
    try {
      return new DataPlane(read, snapshot, options)
    } catch (error) {
      snapshot.retire()
      throw error
    }
  }

  private constructor(read: ReadConfig, snapshot: Snapshot, { kernel, log, openLog, among = 1 }: DataPlaneOptions) {
    this.#log = log
    this.kernel = kernel
    this.#openLog = openLog
    this.#among = among
    this.#settings = read.settings
    this.#accessLog = openLog(read)
    this.#snapshot = this.#watch(snapshot)
    this.#largeBodies = new LargeBodies(0)
    this.#limits = this.#limitsOf(read.settings)
    this.server = this.#createServer()
    this.#connections = boundConnections(this.server, () => Math.ceil(this.#settings.max_connections / this.#among), this.#log)
  }

  get settings(): GatewaySettings {
    return this.#settings
  }

  /** The configuration that serves now. */
  get snapshot(): Snapshot {
    return this.#snapshot
  }

  get isDraining(): boolean {
    return this.#draining
  }

  /** Exchanges that are not settled yet, whichever snapshot they run on. */
  get running(): number {
    return this.#running.size
  }

  get accessLog(): AccessLog | undefined {
    return this.#accessLog
  }

  /** Compiles another configuration. Rejects with a `ConfigError`, or where this has closed meanwhile, and then nothing has changed. One at a time. */
  async prepare(read: ReadConfig): Promise<Change> {
    try {
      const snapshot = await compile(this.kernel, read)
      try {
        // A slow setup: nobody would ever retire what it made.
        if (this.#isClosed) throw new Error('the gateway is closed')
        const isOtherLog = isOther(this.#settings.access_log, read.settings.access_log)
        return this.#change(read, snapshot, isOtherLog ? this.#openLog(read) : this.#accessLog)
      } catch (error) {
        snapshot.retire()
        throw error
      }
    } catch (error) {
      if (error instanceof ConfigError) this.kernel.emit('snapshot:rejected', error.issues)
      throw error
    }
  }

  /** Waits for what runs, for that many milliseconds, and closes. False: exchanges were cut off. Whoever listens stops before. */
  async drain(timeoutMs: number): Promise<boolean> {
    this.#draining = true
    this.kernel.emit('drain')
    const inTime = await drainConnections(this.server, this.#connections, timeoutMs)
    if (!inTime) {
      for (const ctx of this.#running) ctx.abort('gateway_error')
      await drainConnections(this.server, this.#connections, cutGraceMs)
    }
    await this.close()
    return inTime
  }

  /** Ends at once; exchanges under way are cut off. */
  async close(): Promise<void> {
    this.#draining = true
    this.#isClosed = true
    this.server.closeAllConnections()
    this.#snapshot.retire()
    // What has just ended is still being settled, and is to have its line in the log.
    await within(settleGraceMs, Promise.all([...this.#living].map(({ disposed }) => disposed)))
    await this.#accessLog?.close()
  }

  #change(read: ReadConfig, snapshot: Snapshot, accessLog: AccessLog | undefined): Change {
    const before = { snapshot: this.#snapshot, accessLog: this.#accessLog }
    return {
      read,
      commit: async () => {
        this.#limits = this.#limitsOf(read.settings)
        this.#settings = read.settings
        this.server.headersTimeout = read.settings.header_timeout_ms
        this.server.requestTimeout = read.settings.request_timeout_ms
        this.#snapshot = this.#watch(snapshot)
        this.#accessLog = accessLog
        this.kernel.emit('snapshot', { routes: snapshot.routes.length })
        before.snapshot.retire()
        if (before.accessLog !== accessLog) await before.accessLog?.close()
      },
      discard: async () => {
        snapshot.retire()
        if (before.accessLog !== accessLog) await accessLog?.close()
      },
    }
  }

  #createServer(): Server {
    const onSettled = (ctx: Exchange): void => this.#accessLog?.write(ctx)
    const front = createFront({
      kernel: this.kernel,
      snapshot: () => this.#snapshot,
      limits: () => this.#limits,
      streamKeepaliveMs: () => this.#settings.stream_keepalive_ms,
      showsTrace: () => this.#settings.debug_headers,
      running: this.#running,
      isDraining: () => this.#draining,
      onSettled,
    })
    const serve = front.callback()
    const { header_timeout_ms: headersTimeout, request_timeout_ms: requestTimeout } = this.#settings
    const connectionsCheckingInterval = Math.min(headersTimeout / 5, lateCheckMs)
    const timeouts = { keepAliveTimeout: keepAliveTimeoutMs, headersTimeout, requestTimeout, connectionsCheckingInterval }
    const server = createServer({ ...timeouts, noDelay: true, requireHostHeader: false }, serve)
    const reject = (error: Error, socket: Duplex): void => rejectedRequest(error, socket, this.#log, onSettled)
    server.on('clientError', reject)
    server.on('timeout', endStalled)
    // What Node would answer by itself, or not at all, and nobody would hear of.
    server.on('checkExpectation', serve)
    server.on('checkContinue', (req, res) => {
      continueWhenRead(req, res)
      void serve(req, res)
    })
    server.on('connect', (_, socket) => reject(new NoTunnelError(), socket))
    return server
  }

  #limitsOf({ max_body_bytes: maxBodyBytes, max_buffered_bytes: most, trusted_proxies: trusted }: GatewaySettings): RequestLimits {
    this.#largeBodies.limit = Math.max(maxBodyBytes, Math.ceil(most / this.#among))
    return { maxBodyBytes, trusted: new TrustedProxies(trusted), largeBodies: this.#largeBodies }
  }

  /** Remembers a snapshot for as long as exchanges may run on it. */
  #watch(snapshot: Snapshot): Snapshot {
    this.#living.add(snapshot)
    void snapshot.disposed.finally(() => this.#living.delete(snapshot))
    return snapshot
  }
}

function compile(kernel: Kernel, { resolved, isPending }: ReadConfig): Promise<Snapshot> {
  return compileSnapshot({ kernel, resolved, notFound: isPending ? notYet : modelsOrNotFound })
}

/** Answers while nobody knows which routes there are. */
async function notYet(): Promise<never> {
  throw new HttpError(503, 'no_configuration', 'the gateway has not read its configuration yet', { headers: { 'retry-after': '1' } })
}

/** Nothing has moved on a connection for its time: it waits for a request, or its client for too long takes nothing of an answer. */
function endStalled(socket: Socket): void {
  // An answer that has nothing to say yet is no fault of the client.
  if (!answerOf(socket) || socket.writableLength > 0) socket.destroy()
}
