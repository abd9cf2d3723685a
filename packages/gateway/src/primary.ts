import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { createServer, type Server } from 'node:net'
import type { GatewaySettings, ResolvedRoute } from '@sluice/config'
import { MemoryCounters, systemClock } from '@sluice/kernel'
import { InvalidChangeError, type GroupState } from '@sluice/store'
import { AdminServer } from './admin-server.ts'
import type { Configuration } from './configuration.ts'
import { HandOver } from './hand-over.ts'
import { addressOf, closeServer, listenOn, type Address } from './listening.ts'
import { PrimaryLogs } from './primary-logs.ts'
import type { KernelSource, ReadConfig } from './read-config.ts'
import { asStarted, sayWhatNeedsRestart } from './restart.ts'
import { createStatus } from './status.ts'
import { within } from './within.ts'
import { changesToWire, toWire } from './wire-document.ts'
import { WorkerFailedError, Workers } from './workers.ts'

/** Milliseconds that connections which were accepted get to find their worker, once no more are. */
const settleMs = 1_000

/**
 * The process that owns what there is once of a gateway with several workers: the port, the checked configuration, the
 * access log, the counters, the status server. It compiles nothing and serves no request: it hands connections to the
 * workers, which do.
 *
 * It hands them out itself, where node:cluster would let the workers take them from one socket, or hand them out in
 * turn. The first spreads long connections unevenly, and a worker that hangs keeps the port of a primary that has died;
 * the second loses the connection that it was just handing to a worker which dies.
 */
export class Primary {
  readonly #source: KernelSource
  readonly #configuration: Configuration
  readonly #started: GatewaySettings
  #version = 1
  readonly #logs: PrimaryLogs
  readonly #counters = new MemoryCounters(systemClock)
  readonly #handOver = new HandOver()
  readonly #front: Server
  readonly #status: HttpServer
  #admin: AdminServer | undefined
  readonly #workers: Workers
  #isDraining = false

  /** Listens and starts the workers. Rejects with an `InvalidConfigError`, where a port is taken, or with why a worker does not serve. */
  static async start(source: KernelSource, configuration: Configuration, count: number): Promise<Primary> {
    let primary: Primary | undefined
    try {
      const { settings } = configuration.read
      primary = new Primary(source, configuration, count)
      await listenOn(primary.#status, settings.status.listen)
      await primary.#workers.start()
      await configuration.begin()
      await listenOn(primary.#front, settings.listen)
      primary.#admin = await AdminServer.start({ configuration, file: source.file, env: source.env, log: source.log })
      return primary
    } catch (error) {
      await primary?.close()
      throw await configuration.explained(toInvalid(error))
    }
  }

  private constructor(source: KernelSource, configuration: Configuration, count: number) {
    const { read } = configuration
    this.#source = source
    this.#configuration = configuration
    this.#started = read.settings
    this.#logs = new PrimaryLogs(source.log, this.#version, read)
    this.#front = createServer({ pauseOnConnect: true }, (socket) => this.#handOver.take(socket))
    this.#status = createHttpServer(createStatus(() => this.#isReady, () => configuration.about).callback())
    const current = { version: this.#version, document: () => toWire(configuration.state) }
    this.#workers = new Workers(
      {
        count,
        file: source.file,
        log: source.log,
        host: {
          lines: (bytes, version) => this.#logs.append(Buffer.from(bytes).toString(), version),
          count: (additions) => additions.map(([id, key, addition]) => [id, this.#counters.add(key, addition)]),
          accepted: (worker, id) => this.#handOver.accepted(worker, id),
        },
        serves: (worker) => this.#handOver.join(worker),
        left: (worker) => this.#handOver.leave(worker),
      },
      current,
    )
    configuration.serveWith((next, state) => this.#serve(next, state))
    process.on('exit', this.#atExit)
  }

  get settings(): GatewaySettings {
    return asStarted(this.#configuration.read.settings, this.#started)
  }

  get routes(): readonly ResolvedRoute[] {
    return this.#configuration.read.resolved.routes.filter(({ isServed }) => isServed)
  }

  /** Exchanges that run, as far as the workers have told. */
  get running(): number {
    return this.#workers.running
  }

  get address(): Address {
    return addressOf(this.#front, this.#started.listen)
  }

  get statusAddress(): Address {
    return addressOf(this.#status, this.#started.status.listen)
  }

  /** Undefined where there is no Admin API. */
  get adminAddress(): Address | undefined {
    return this.#admin?.address
  }

  /** Undefined where there is no control API. */
  get controlAddress(): Address | undefined {
    return this.#admin?.controlAddress
  }

  /** Has all workers serve another text of the file. Rejects with an `InvalidConfigError`, or where a worker cannot, and then nothing has changed. */
  apply(text: string): Promise<void> {
    return this.#configuration.apply(text)
  }

  /** Opens the access log anew, behind a rotation. */
  async reopenLog(): Promise<void> {
    await this.#logs.reopen()
  }

  /** Stops accepting, waits for what runs (`gateway.drain_timeout_ms` at most), writes out the log. False: exchanges were cut off. */
  async drain(): Promise<boolean> {
    this.#isDraining = true
    this.#front.close()
    const answered = this.#admin?.close()
    await within(settleMs, this.#handOver.settled())
    this.#handOver.close()
    const inTime = await this.#workers.drain(this.settings.drain_timeout_ms)
    await answered
    await this.close()
    return inTime
  }

  /** Ends at once; exchanges under way are cut off. */
  async close(): Promise<void> {
    this.#isDraining = true
    process.off('exit', this.#atExit)
    this.#front.close()
    this.#handOver.close()
    const answered = this.#admin?.close()
    this.#workers.kill()
    await this.#logs.close()
    await answered
    await this.#configuration.close()
    const told = closeServer(this.#status)
    this.#status.closeAllConnections()
    await told
  }

  get #isReady(): boolean {
    return this.#front.listening && !this.#isDraining && this.#workers.serving > 0 && !this.#configuration.state.isPending
  }

  async #serve(read: ReadConfig, state: GroupState): Promise<void> {
    const version = ++this.#version
    try {
      this.#logs.open(version, read)
      const changes = changesToWire(this.#configuration.state, state)
      const failure = await this.#workers.prepare({ version, changes, document: () => toWire(state) })
      if (failure) throw new WorkerFailedError(failure)
    } catch (error) {
      await this.#workers.discard()
      await this.#logs.discard()
      throw toInvalid(error)
    }
    sayWhatNeedsRestart(this.#started, read.settings, this.#source.log)
    await this.#workers.commit()
    await this.#logs.keep(version, read)
  }

  /** However the process ends: nobody is left behind. */
  readonly #atExit = (): void => this.#workers.kill()
}

/** The same error; where a worker has found something wrong with the configuration, an `InvalidChangeError`. */
function toInvalid(error: unknown): unknown {
  const problems = error instanceof WorkerFailedError ? error.failure.problems : undefined
  return problems ? new InvalidChangeError(problems) : error
}
