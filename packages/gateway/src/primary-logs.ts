import type { AccessLog } from '@sluice/access-log'
import type { Logger } from '@sluice/kernel'
import { openLogFile } from './open-log-file.ts'
import type { ReadConfig } from './read-config.ts'
import { isOther } from './restart.ts'

/** The access-log files of the primary: workers still hand in lines for the one before while a change of it is under way. */
export class PrimaryLogs {
  readonly #log: Logger
  readonly #byVersion = new Map<number, AccessLog | undefined>()
  #current: { readonly version: number; readonly read: ReadConfig }

  /** Throws a `ConfigError` where the file cannot be opened. */
  constructor(log: Logger, version: number, read: ReadConfig) {
    this.#log = log
    this.#current = { version, read }
    this.#byVersion.set(version, openLogFile(log)(read))
  }

  get #file(): AccessLog | undefined {
    return this.#byVersion.get(this.#current.version)
  }

  /** Opens what another version of the configuration needs. Throws a `ConfigError` where it cannot be opened. */
  open(version: number, read: ReadConfig): void {
    const isOtherLog = isOther(this.#current.read.settings.access_log, read.settings.access_log)
    this.#byVersion.set(version, isOtherLog ? openLogFile(this.#log)(read) : this.#file)
  }

  /** That version alone is needed from now on. */
  async keep(version: number, read: ReadConfig): Promise<void> {
    const file = this.#byVersion.get(version)
    const others = new Set(this.#byVersion.values())
    this.#byVersion.clear()
    this.#byVersion.set(version, file)
    this.#current = { version, read }
    others.delete(file)
    await Promise.all([...others].map((other) => other?.close()))
  }

  /** What was opened is not needed after all. */
  async discard(): Promise<void> {
    await this.keep(this.#current.version, this.#current.read)
  }

  append(lines: string, version: number): void {
    const file = this.#byVersion.has(version) ? this.#byVersion.get(version) : this.#file
    file?.append(lines)
  }

  async reopen(): Promise<void> {
    await Promise.all([...new Set(this.#byVersion.values())].map((file) => file?.reopen()))
  }

  async close(): Promise<void> {
    await Promise.all([...new Set(this.#byVersion.values())].map((file) => file?.close()))
  }
}
