import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { createServer, type Server } from 'node:net'
import type { GatewaySettings, ResolvedRoute } from '@sluice/config'
import { MemoryCounters, systemClock, type Kernel } from '@sluice/kernel'
import { HandOver } from './hand-over.ts'
import { InOrder } from './in-order.ts'
import { InvalidConfigError } from './invalid-config-error.ts'
import { addressOf, closeServer, listenOn, type Address } from './listening.ts'
import { PrimaryLogs } from './primary-logs.ts'
import { placed, readAgain, type KernelSource, type ReadConfig } from './read-config.ts'
import { sayWhatNeedsRestart } from './restart.ts'
import { createStatus } from './status.ts'
import { within } from './within.ts'
import type { Failure } from './worker-messages.ts'
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
  readonly #kernel: Kernel
  readonly #started: GatewaySettings
  #read: ReadConfig
  #version = 1
  readonly #logs: PrimaryLogs
  readonly #counters = new MemoryCounters(systemClock)
  readonly #handOver = new HandOver()
  readonly #front: Server
  readonly #status: HttpServer
  readonly #workers: Workers
  #isDraining = false
  readonly #changes = new InOrder()

  /** Listens and starts the workers. Rejects with an `InvalidConfigError`, where a port is taken, or with why a worker does not serve. */
  static async start(source: KernelSource, read: ReadConfig & { kernel: Kernel }, count: number): Promise<Primary> {
    let primary: Primary | undefined
    try {
      primary = new Primary(source, read, count)
      await listenOn(primary.#front, read.settings.listen)
      await listenOn(primary.#status, read.settings.status.listen)
      await primary.#workers.start()
      return primary
    } catch (error) {
      await primary?.close()
      throw await explained(error, read)
    }
  }

  private constructor(source: KernelSource, read: ReadConfig & { kernel: Kernel }, count: number) {
    this.#source = source
    this.#kernel = read.kernel
    this.#started = read.settings
    this.#read = read
    this.#logs = new PrimaryLogs(source.log, this.#version, read)
    this.#front = createServer({ pauseOnConnect: true }, (socket) => this.#handOver.take(socket))
    this.#status = createHttpServer(createStatus(() => !this.#isDraining && this.#workers.serving > 0).callback())
    const current = { version: this.#version, text: source.text }
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
    process.on('exit', this.#atExit)
  }

  get settings(): GatewaySettings {
    const { listen, status } = this.#started
    return { ...this.#read.settings, listen, status }
  }

  get routes(): readonly ResolvedRoute[] {
    return this.#read.resolved.routes.filter(({ isServed }) => isServed)
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

  /** Has all workers serve another text of the file. Rejects with an `InvalidConfigError`, or where a worker cannot, and then nothing has changed. */
  apply(text: string): Promise<void> {
    return this.#changes.run(() => this.#apply(text))
  }

  /** Opens the access log anew, behind a rotation. */
  async reopenLog(): Promise<void> {
    await this.#logs.reopen()
  }

  /** Stops accepting, waits for what runs (`gateway.drain_timeout_ms` at most), writes out the log. False: exchanges were cut off. */
  async drain(): Promise<boolean> {
    this.#isDraining = true
    this.#front.close()
    await within(settleMs, this.#handOver.settled())
    this.#handOver.close()
    const inTime = await this.#workers.drain(this.settings.drain_timeout_ms)
    await this.close()
    return inTime
  }

  /** Ends at once; exchanges under way are cut off. */
  async close(): Promise<void> {
    this.#isDraining = true
    process.off('exit', this.#atExit)
    this.#front.close()
    this.#handOver.close()
    this.#workers.kill()
    await this.#logs.close()
    const told = closeServer(this.#status)
    this.#status.closeAllConnections()
    await told
  }

  async #apply(text: string): Promise<void> {
    const read = await readAgain({ ...this.#source, text }, this.#kernel)
    const version = ++this.#version
    try {
      this.#logs.open(version, read)
      const failure = await this.#workers.prepare({ version, text })
      if (failure) throw new WorkerFailedError(failure)
    } catch (error) {
      await this.#workers.discard()
      await this.#logs.discard()
      throw await explained(error, read)
    }
    sayWhatNeedsRestart(this.#started, read.settings, this.#source.log)
    await this.#workers.commit()
    await this.#logs.keep(version, read)
    this.#read = read
  }

  /** However the process ends: nobody is left behind. */
  readonly #atExit = (): void => this.#workers.kill()
}

/** The same error; where a worker, or this process, has found something wrong with the configuration, with its place in the file. */
async function explained(error: unknown, read: ReadConfig): Promise<unknown> {
  if (!(error instanceof WorkerFailedError)) return placed(error, read)
  const { problems }: Failure = error.failure
  return problems ? InvalidConfigError.of(problems, read.file, read.parsed) : error
}
