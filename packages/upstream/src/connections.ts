import { Socket } from 'node:net'
import { buildConnector, Client, Dispatcher, errors } from 'undici'
import { onread } from './socket-reads.ts'

/** What makes two connections interchangeable. Times are milliseconds. */
export interface ConnectionKey {
  /** `https://host:port` */
  readonly origin: string
  /** Whether the certificate must be valid. */
  readonly verify: boolean
  readonly connectMs: number
  /** Idle connections that are kept, for how long, and requests after which one is closed all the same (absent: never). */
  readonly idle: { readonly size: number; readonly ms: number; readonly requests?: number }
}

/** Milliseconds without a request that make a connection idle: under load, each is so for a moment between two requests. */
const idleAfterMs = 250

/** On Windows the system takes hold of what a socket will read into before anything comes: no two may share it. */
const reading = process.platform === 'win32' ? {} : { onread }

/** How undici has a connection made. */
export type Connector = ReturnType<typeof buildConnector>

/** A handler that may lose interest in a connection before it stands: undici tells it of none before. */
export interface Connecting {
  /** Called before the request is dispatched on a connection that is still to be made. */
  onConnecting?(giveUp: () => void): void
  /** Called before `onResponseEnd` where nothing of the request waits in this process any more. */
  onDrained?(): void
}

/**
 * Connections to one origin: as many as there are requests, of which the latest ones stay when they are idle. undici's own
 * pool bounds how many there are, or nothing.
 */
export class Connections extends Dispatcher {
  readonly #key: ConnectionKey
  readonly #keptIdle: number
  /** One for all, so that TLS sessions are resumed. */
  readonly #connector: Connector
  readonly #open = new Set<Client>()
  /** What is to become the connection of a client; undici would go on making it for one that is destroyed. */
  readonly #making = new Map<Client, Socket>()
  /** The connection that each has now. */
  readonly #sockets = new WeakMap<Client, Socket>()
  /** Those whose connection did not end but break. */
  readonly #broken = new WeakSet<Client>()
  /** The one that was used last is last, and the first to be used again: the others may grow old. */
  readonly #idle: Client[] = []
  /** The fewest that waited at once since the timer was set. */
  #fewestIdle = Infinity
  #trimming: NodeJS.Timeout | undefined
  #isClosed = false
  readonly #loans: Loans = {
    isBroken: (client) => this.#broken.has(client),
    isDrained: (client) => this.#sockets.get(client)?.writableLength === 0,
    giveBack: (client, isGood) => this.#giveBack(client, isGood),
  }

  /** `connector` makes connections in another way than directly. Throws where the origin is not one. */
  constructor(key: ConnectionKey, connector?: Connector) {
    super()
    this.#key = { ...key, origin: new URL(key.origin).origin }
    this.#keptIdle = key.idle.ms > 0 ? key.idle.size : 0
    this.#connector = connector ?? buildConnector({ timeout: key.connectMs, rejectUnauthorized: key.verify, allowH2: false, ...reading })
  }

  /** Connections that stand or are being made. */
  get size(): number {
    return this.#open.size
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const idle = this.#idle.pop()
    const client = idle ?? this.#connect()
    if (!idle) (handler as Connecting).onConnecting?.(() => void this.#drop(client))
    this.#fewestIdle = Math.min(this.#fewestIdle, this.#idle.length)
    const isLast = this.#keptIdle === 0
    return client.dispatch(isLast ? { ...options, reset: true } : options, new Borrower(handler, client, this.#loans))
  }

  /** Ends every connection, those in use and those still being made included. */
  override async destroy(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#trimming)
    await Promise.all([...this.#open].map((client) => this.#drop(client)))
  }

  /** Ends the idle connections now and the others with their answers. */
  override async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#trimming)
    await Promise.all([...this.#open].map((client) => client.close()))
  }

  #connect(): Client {
    const { origin, idle } = this.#key
    const keepAliveMs = Math.max(idle.ms, 1)
    const client: Client = new Client(origin, {
      // The clocks of each call decide; undici's tick too coarsely and cannot tell a slow client from a slow upstream.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      ...(idle.requests !== undefined && { maxRequestsPerClient: idle.requests }),
      maxHeaderSize: 64 * 1024,
      allowH2: false,
      connect: (options, callback) => {
        const socket: unknown = this.#connector(options, (...made) => {
          this.#making.delete(client)
          // A client whose connection breaks as it gets a request makes another one, which is as good as new.
          if (made[1]) {
            this.#broken.delete(client)
            this.#sockets.set(client, made[1])
          }
          made[1]?.once('error', () => this.#broken.add(client))
          callback(...made)
        })
        if (socket instanceof Socket) this.#making.set(client, socket)
        return socket
      },
    })
    this.#open.add(client)
    client.on('disconnect', () => this.#forgetIdle(client))
    return client
  }

  #giveBack(client: Client, isGood: boolean): void {
    if (!isGood) return void this.#drop(client)
    if (this.#isClosed || this.#keptIdle === 0) return void this.#end(client)
    this.#idle.push(client)
    if (this.#idle.length > this.#keptIdle && !this.#trimming) this.#trimSoon()
  }

  #trimSoon(): void {
    this.#fewestIdle = Infinity
    this.#trimming = setTimeout(() => this.#trim(), idleAfterMs).unref()
  }

  /** Ends those that nobody has needed meanwhile, the oldest first. */
  #trim(): void {
    this.#trimming = undefined
    const unneeded = Math.min(this.#fewestIdle, this.#idle.length) - this.#keptIdle
    if (unneeded > 0) for (const client of this.#idle.splice(0, unneeded)) void this.#end(client)
    if (this.#idle.length > this.#keptIdle) this.#trimSoon()
  }

  /** Its connection has ended, by its age or by the other side. One that is in use is given back soon. */
  #forgetIdle(client: Client): void {
    const at = this.#idle.indexOf(client)
    if (at < 0) return
    this.#idle.splice(at, 1)
    void this.#drop(client)
  }

  /** Lets undici finish with the request whose answer has just come. */
  async #end(client: Client): Promise<void> {
    this.#open.delete(client)
    if (!client.destroyed) await client.close()
  }

  async #drop(client: Client): Promise<void> {
    this.#open.delete(client)
    this.#making.get(client)?.destroy(new Error('given up'))
    await client.destroy()
  }
}

/** Connections as those see them who borrow one. */
interface Loans {
  isBroken(client: Client): boolean
  isDrained(client: Client): boolean
  giveBack(client: Client, isGood: boolean): void
}

/** Passes on what comes of a request, and gives its connection back when all of it has come. */
class Borrower implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler
  readonly #client: Client
  readonly #loans: Loans

  constructor(handler: Dispatcher.DispatchHandler, client: Client, loans: Loans) {
    this.#handler = handler
    this.#client = client
    this.#loans = loans
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.#handler.onRequestStart?.(controller, context)
  }

  onRequestUpgrade(...upgrade: Parameters<NonNullable<Dispatcher.DispatchHandler['onRequestUpgrade']>>): void {
    this.#handler.onRequestUpgrade?.(...upgrade)
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.()
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Headers, message?: string): void {
    this.#handler.onResponseStart?.(controller, status, headers, message)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#handler.onResponseData?.(controller, chunk)
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: Headers): void {
    // To undici, a body that ends with its connection is whole even where that was reset.
    if (this.#loans.isBroken(this.#client)) return this.onResponseError(controller, new errors.SocketError('the connection was reset'))
    if (this.#loans.isDrained(this.#client)) (this.#handler as Connecting).onDrained?.()
    this.#loans.giveBack(this.#client, true)
    this.#handler.onResponseEnd?.(controller, trailers)
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    this.#loans.giveBack(this.#client, false)
    this.#handler.onResponseError?.(controller, error)
  }
}

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]
