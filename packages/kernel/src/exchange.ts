import type { RequestBody } from './body.ts'
import type { Chain } from './chain.ts'
import { systemClock, type Clock } from './clock.ts'
import { nobody, type ConsumerInfo, type Consumers, type Directory } from './consumers.ts'
import { headerMap, headerOf, type HeaderMap } from './headers.ts'
import { withHeaders } from './lent-reply.ts'
import type { Logger } from './logger.ts'
import type { Outcome } from './outcome.ts'
import type { Reply } from './reply.ts'
import type { Slot } from './slot.ts'
import type { UpstreamRecord } from './upstream.ts'

export interface ExchangeRequest {
  method: string
  /** As received, percent-encoding kept, without the query. */
  path: string
  /** The path as routes match it: decoded, dot segments resolved. */
  uri: string
  /** What followed the `?`, as received; empty where nothing did. */
  query: string
  readonly headers: HeaderMap
  readonly body: RequestBody
  /** `http` or `https`: how the client reached us. */
  readonly scheme: string
  /** HTTP version, such as `1.1`. */
  readonly httpVersion: string
  /** The client, as far as `trusted_proxies` lets us see. */
  readonly remoteAddress: string
  /** The other end of the connection: the client, or the last proxy before us. Differs from `remoteAddress` only where that proxy is trusted. */
  readonly peerAddress?: string
  readonly remotePort: number
  readonly serverAddress: string
  readonly serverPort: number
}

/** What a request asks for, and whom. */
export interface RequestTarget {
  readonly method: string
  readonly path: string
  readonly uri: string
  readonly query: string
  /** The `Host` header. */
  readonly host: string | undefined
}

/** The route that an exchange runs on. */
export interface RouteInfo {
  readonly id: string
  readonly name?: string
  readonly serviceId?: string
  readonly serviceName?: string
}

/** What left for the client; known in the log phase. */
export interface Delivery {
  /** Status that was sent; 499 where the client was gone before one was. */
  readonly status: number
  readonly headerBytes: number
  readonly bodyBytes: number
}

export interface ExchangeInit {
  id: string
  request: ExchangeRequest
  log: Logger
  clock?: Clock
}

type Listener = (reason: Outcome) => void

/** One request and its reply, and what the plugins told each other about it. Handed to every hook; never a socket. */
export class Exchange {
  /** Ours, unique: `$request_id` and the header `x-sluice-request-id`. */
  readonly id: string
  readonly request: ExchangeRequest
  readonly clock: Clock
  /** Unix time, milliseconds, at which the request head was complete. */
  readonly startedAt: number
  /** The same moment on `clock.monotonic()`, for durations. */
  readonly startedMonotonic: number
  /** Absent while no route has matched, also for a 404. */
  route: RouteInfo | undefined
  /** Values of `:name` and `*name` in the route's uri. */
  params: Readonly<Record<string, string>> | undefined
  /** Set by an authenticating plugin; her plugins join once its hook has ended. */
  consumer: ConsumerInfo | undefined
  /** What the client asked for, where a plugin has put something else in its place. Variables speak of this, so that log lines do. */
  received: RequestTarget | undefined
  /** The latest upstream attempt. */
  upstream: UpstreamRecord | undefined
  /** Set once the reply is at the gate, where `onReply` edits it; the log phase reads what has passed. */
  reply: Reply | undefined
  /** Set by whoever knows how the exchange went; final in the log phase. */
  outcome: Outcome | undefined
  /** Set before the log phase. */
  delivery: Delivery | undefined
  /** Milliseconds from `startedAt` to the settlement; set before the log phase. */
  durationMs: number | undefined

  /** Whether the log phase has begun; it begins once. */
  settled = false

  readonly #baseLog: Logger
  #log: Logger | undefined
  #directory: Directory | undefined
  #slots: Map<Slot<unknown>, unknown> | undefined
  #replyListeners: ((reply: Reply) => void)[] | undefined
  /** Nearly always there is one at a time, which needs no set. */
  #abortListener: Listener | undefined
  #abortListeners: Set<Listener> | undefined
  #aborted: Outcome | undefined
  #controller: AbortController | undefined
  #memo: Map<string, unknown> | undefined

  constructor({ id, request, log, clock = systemClock }: ExchangeInit) {
    this.id = id
    this.request = request
    this.clock = clock
    this.startedAt = clock.now()
    this.startedMonotonic = clock.monotonic()
    this.#baseLog = log
  }

  /** Carries the request id on every line. */
  get log(): Logger {
    return (this.#log ??= this.#baseLog.child({ request_id: this.id, ...(this.route && { route_id: this.route.id }) }))
  }

  /** Those who may ask. Nobody once the rewrite phase is over: a long answer holds nothing of a configuration that is gone. */
  get consumers(): Consumers {
    return this.#directory ?? nobody
  }

  /** Gives it the consumers of its snapshot; before its chain runs, which closes them. */
  openDirectory(directory: Directory): void {
    directory.hold()
    this.#directory = directory
  }

  closeDirectory(): void {
    this.#directory?.drop()
    this.#directory = undefined
  }

  /** The chain that its consumer's plugins make of `route`; undefined where there are none. */
  chainWithConsumer(route: Chain): Chain | undefined {
    return this.consumer && this.#directory?.chainFor(route, this.consumer)
  }

  get<T>(key: Slot<T>): T | undefined {
    return this.#slots?.get(key) as T | undefined
  }

  set<T>(key: Slot<T>, value: T): void {
    ;(this.#slots ??= new Map()).set(key, value)
  }

  /** Sees, and may edit, whatever leaves: an answer, a refusal, a 404 or an error. Runs in the order of registration. */
  onReply(edit: (reply: Reply) => void): void {
    ;(this.#replyListeners ??= []).push(edit)
  }

  /** Asks for something else from here on; what the client asked for stays in `received`. */
  retarget({ host, ...rest }: Partial<RequestTarget>): void {
    const { request } = this
    const { method, path, uri, query, headers } = request
    this.received ??= { method, path, uri, query, host: headerOf(headers, 'host') }
    Object.assign(request, rest)
    if (host !== undefined) headers['host'] = host
  }

  /** Why the exchange was given up; undefined while it runs. */
  get aborted(): Outcome | undefined {
    return this.#aborted
  }

  /** Aborts when the client leaves, a deadline passes or the gateway gives up. Pass it to everything that waits. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#aborted) this.#controller.abort(this.#aborted)
    }
    return this.#controller.signal
  }

  /** The cheap form of `signal`: calls `listener` at most once, at once where it has happened. Returns how to unsubscribe. */
  onAbort(listener: Listener): () => void {
    if (this.#aborted) {
      listener(this.#aborted)
      return () => {}
    }
    if (this.#abortListener === undefined) this.#abortListener = listener
    else (this.#abortListeners ??= new Set()).add(listener)
    return () => {
      if (this.#abortListener === listener) this.#abortListener = undefined
      else this.#abortListeners?.delete(listener)
    }
  }

  /** Gives the exchange up; later calls change nothing. */
  abort(reason: Outcome): void {
    if (this.#aborted) return
    this.#aborted = reason
    const listeners = [...(this.#abortListener ? [this.#abortListener] : []), ...(this.#abortListeners ?? [])]
    this.#abortListener = undefined
    this.#abortListeners = undefined
    this.#controller?.abort(reason)
    for (const listener of listeners) {
      try {
        listener(reason)
      } catch (err) {
        this.log.error({ err }, 'a listener failed while the exchange was given up') // the others must hear of it all the same
      }
    }
  }

  /** Remembers what `compute` gave under `key` for the rest of the exchange. */
  memo<T>(key: string, compute: () => T): T {
    const memo = (this.#memo ??= new Map())
    if (memo.has(key)) return memo.get(key) as T
    const value = compute()
    memo.set(key, value)
    return value
  }

  /** Runs what `onReply` registered, over a copy: plugins may answer every exchange with one and the same reply. The kernel calls it, once for each reply that is about to leave. */
  editReply(reply: Reply): Reply {
    if (!this.#replyListeners) return reply
    const edited = withHeaders(reply, headerMap(Object.entries(reply.headers)))
    this.reply = edited
    for (const edit of this.#replyListeners) edit(edited)
    return edited
  }
}
