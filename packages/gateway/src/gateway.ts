import { createServer, type Server } from 'node:http'
import type { GatewaySettings, Snapshot } from '@sluice/config'
import type { Kernel, Logger } from '@sluice/kernel'
import { AdminServer } from './admin-server.ts'
import { Configuration } from './configuration.ts'
import { DataPlane } from './data-plane.ts'
import { addressOf, closeServer, listenOn, type Address } from './listening.ts'
import { openLogFile } from './open-log-file.ts'
import type { KernelSource, ReadConfig } from './read-config.ts'
import { asStarted, sayWhatNeedsRestart } from './restart.ts'
import { createStatus } from './status.ts'

/** A running gateway, in this process alone. */
export class Gateway {
  readonly #configuration: Configuration
  readonly #plane: DataPlane
  readonly #log: Logger
  readonly #status: Server
  #admin: AdminServer | undefined
  /** What some settings stay at until a restart. */
  readonly #started: GatewaySettings

  /** Reads the configuration, compiles it and listens. Rejects with an `InvalidConfigError`, or where a port is taken. */
  static async start(source: KernelSource): Promise<Gateway> {
    const configuration = await Configuration.open(source)
    if (configuration.read.settings.workers !== 1) source.log.warn({ setting: 'gateway.workers' }, 'gateway.workers is for the program sluice; this gateway serves in one process')
    return Gateway.serve(source, configuration)
  }

  /** The same for a configuration that was read already. */
  static async serve({ log, file, env }: KernelSource, configuration: Configuration): Promise<Gateway> {
    const plane = await start(log, configuration)
    const gateway = new Gateway(configuration, plane, log)
    try {
      const { settings } = configuration.read
      await listenOn(gateway.#status, settings.status.listen)
      await configuration.begin()
      await listenOn(plane.server, settings.listen)
      gateway.#admin = await AdminServer.start({ configuration, file, env, log })
      return gateway
    } catch (error) {
      await gateway.close()
      throw await configuration.explained(error)
    }
  }

  private constructor(configuration: Configuration, plane: DataPlane, log: Logger) {
    this.#configuration = configuration
    this.#plane = plane
    this.#log = log
    this.#started = plane.settings
    this.#status = createServer(createStatus(() => plane.server.listening && !plane.isDraining && !configuration.state.isPending, () => configuration.about).callback())
    configuration.serveWith((read) => this.#serveWhat(read))
  }

  get kernel(): Kernel {
    return this.#plane.kernel
  }

  get settings(): GatewaySettings {
    return asStarted(this.#plane.settings, this.#started)
  }

  /** The configuration that serves now. */
  get snapshot(): Snapshot {
    return this.#plane.snapshot
  }

  get routes(): Snapshot['routes'] {
    return this.snapshot.routes
  }

  /** Exchanges that run. */
  get running(): number {
    return this.#plane.running
  }

  get address(): Address {
    return addressOf(this.#plane.server, this.#started.listen)
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

  /**
   * Serves another text of the file from now on; exchanges under way finish on the one that they began with. Rejects
   * with an `InvalidConfigError`, or where the gateway has closed meanwhile, and then nothing has changed.
   */
  apply(text: string): Promise<void> {
    return this.#configuration.apply(text)
  }

  /** Opens the access log anew, behind a rotation. */
  async reopenLog(): Promise<void> {
    await this.#plane.accessLog?.reopen()
  }

  /** Writes out what the access log still holds. */
  async flushLog(): Promise<void> {
    await this.#plane.accessLog?.flush()
  }

  /** Stops accepting, waits for what runs (`gateway.drain_timeout_ms` at most), writes out the log. False: exchanges were cut off. */
  async drain(): Promise<boolean> {
    this.#plane.server.close()
    const answered = this.#admin?.close()
    const inTime = await this.#plane.drain(this.settings.drain_timeout_ms)
    await answered
    await this.close()
    return inTime
  }

  /** Ends at once; exchanges under way are cut off. */
  async close(): Promise<void> {
    const closing = closeServer(this.#plane.server)
    const answered = this.#admin?.close()
    await this.#plane.close()
    await closing
    await answered
    await this.#configuration.close()
    // Whoever watches over the process is answered to the end.
    const told = closeServer(this.#status)
    this.#status.closeAllConnections()
    await told
  }

  async #serveWhat(read: ReadConfig): Promise<void> {
    const change = await this.#plane.prepare(read)
    sayWhatNeedsRestart(this.#started, read.settings, this.#log)
    await change.commit()
  }
}

async function start(log: Logger, configuration: Configuration): Promise<DataPlane> {
  try {
    return await DataPlane.start(configuration.read, { kernel: configuration.kernel, log, openLog: openLogFile(log) })
  } catch (error) {
    throw await configuration.explained(error)
  }
}
