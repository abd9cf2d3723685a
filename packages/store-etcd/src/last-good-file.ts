import { open, readFile, rename, rm } from 'node:fs/promises'
import { TimeSlice, type Logger } from '@sluice/kernel'
import type { Known } from './known.ts'
import type { Observation } from './observation.ts'

/** Milliseconds between two writes, at least. */
const pauseMs = 1_000
const format = 'sluice etcd cache 1'

type Line = readonly [key: string, created: number, revision: number, text: string]

/** What a file holds: the last good configuration, and which etcd it is of. */
export interface LastGood {
  readonly cluster: string
  readonly observations: readonly Observation[]
}

/**
 * Keeps the last good configuration on the disk, for a start without etcd. It holds what etcd holds, secrets included where
 * resources have them written out, and is for its owner's eyes alone.
 */
export class LastGoodFile {
  readonly file: string
  /** Which etcd it is of. */
  cluster = ''
  readonly #known: Known
  readonly #log: Logger
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #isWanted = false
  #hasFailed = false

  constructor(file: string, known: Known, log: Logger) {
    this.file = file
    this.#known = known
    this.#log = log
  }

  /** Undefined: there is none that can be read; why, is told in the log. */
  async read(): Promise<LastGood | undefined> {
    try {
      const [first = '', ...lines] = (await readFile(this.file, 'utf8')).split('\n')
      const { kept, cluster, lines: count } = JSON.parse(first) as { kept: string; cluster: string; lines: number }
      if (kept !== format || lines.length !== count + 1) throw new Error('it is not whole, or of another version')
      const slice = new TimeSlice()
      const observations: Observation[] = []
      for (const line of lines.slice(0, -1)) {
        const [key, created, revision, text] = JSON.parse(line) as Line
        observations.push({ key, created, revision, text })
        if (slice.isOver) await slice.rest()
      }
      this.cluster = cluster
      return { cluster, observations }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      // The parser would quote what it has read.
      const problem = error instanceof SyntaxError ? 'it is not JSON' : (code ?? message)
      if (code !== 'ENOENT') this.#log.warn({ file: this.file, problems: [problem] }, 'the last good configuration cannot be read, and is not used')
      return undefined
    }
  }

  /** It has changed. */
  saveSoon(): void {
    this.#isWanted = true
    this.#timer ??= setTimeout(() => void this.#save(), pauseMs).unref()
  }

  /** Writes what is still to be written. */
  async close(): Promise<void> {
    await this.#save()
  }

  #save(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  async #write(): Promise<void> {
    // What is of no etcd was read of this very file.
    if (!this.#isWanted || this.cluster === '') return
    this.#isWanted = false
    try {
      await this.#replace()
      this.#hasFailed = false
    } catch (error) {
      if (!this.#hasFailed) this.#log.warn({ file: this.file, problems: [(error as Error).message] }, 'the last good configuration cannot be kept on the disk: without etcd no gateway can start here')
      this.#hasFailed = true
    }
  }

  /** By rename: whoever reads it reads the one or the other. */
  async #replace(): Promise<void> {
    const slice = new TimeSlice()
    const lines: string[] = []
    for (const { key, kept } of this.#known.all()) {
      if (!kept) continue
      const line: Line = [key, kept.created, kept.revision, kept.text]
      lines.push(JSON.stringify(line))
      if (slice.isOver) await slice.rest()
    }
    const temporary = `${this.file}.${process.pid}.tmp`
    try {
      const handle = await open(temporary, 'w', 0o600)
      try {
        await handle.chmod(0o600)
        await handle.writeFile(`${[JSON.stringify({ kept: format, cluster: this.cluster, lines: lines.length }), ...lines].join('\n')}\n`)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(temporary, this.file)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  }
}
