import { fork, type ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Count } from '@sluice/kernel'
import type { Taker } from './hand-over.ts'
import { relayLines } from './relay-lines.ts'
import { within } from './within.ts'
import type { Answered, Request, ToPrimary, ToWorker } from './worker-messages.ts'

/** Its own name, as it stands here or compiled. */
const program = fileURLToPath(import.meta.url.replace('worker-process', 'worker-main'))

/** Milliseconds for which something that it said may still be on its way when it has ended. */
const hearMs = 1_000

/** What a worker needs of its primary. */
export interface WorkerHost {
  /** Lines of the access log, as `version` of the configuration has it. */
  lines(bytes: Uint8Array, version: number): void
  count(additions: Extract<ToPrimary, { type: 'count' }>['additions']): readonly (readonly [id: number, count: Count])[]
  accepted(worker: WorkerProcess, id: number): void
}

/** How a process ended. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** It could not even be started. */
  readonly error?: Error
}

/** One worker, seen from the primary. */
export class WorkerProcess implements Taker {
  readonly number: number
  readonly startedAt = performance.now()
  /** Resolves once it has ended and all that it said has been heard. */
  readonly ended: Promise<Ending>
  /** Exchanges that ran when it last told. */
  running = 0
  readonly #child: ChildProcess
  readonly #host: WorkerHost
  readonly #silent: Promise<void>
  readonly #asked = new Map<number, (answer: Answered | undefined) => void>()
  #ids = 0
  #hasEnded = false

  constructor(number: number, host: WorkerHost) {
    this.number = number
    this.#host = host
    // Structured clones: lines are not escaped once more, as they would be in JSON.
    const child = fork(program, [String(number)], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], serialization: 'advanced' })
    this.#child = child
    if (child.stdout) relayLines(child.stdout, process.stdout)
    if (child.stderr) relayLines(child.stderr, process.stderr)
    child.on('message', (message) => this.#hear(message as ToPrimary))
    // Where a connection was under way to it, Node tells of the end of the channel with `close` alone, which waits for its
    // output as well, and so for programs that it has started.
    this.#silent = new Promise((resolve) => void child.once('disconnect', resolve).once('close', resolve))
    this.ended = this.#end()
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Asks for something; undefined: the worker has ended without an answer. */
  async ask(request: Request): Promise<Answered | undefined> {
    if (this.#hasEnded) return undefined
    const id = ++this.#ids
    const { promise, resolve } = Promise.withResolvers<Answered | undefined>()
    this.#asked.set(id, resolve)
    this.#send({ type: 'ask', id, request })
    return promise
  }

  take(id: number, socket: Socket): void {
    this.#send({ type: 'connection', id }, socket)
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #hear(message: ToPrimary): void {
    switch (message.type) {
      case 'answer':
        this.#asked.get(message.id)?.(message.answer)
        return void this.#asked.delete(message.id)
      case 'accepted':
        return this.#host.accepted(this, message.id)
      case 'lines':
        this.#host.lines(message.bytes, message.version)
        return this.#send({ type: 'taken', batch: message.batch })
      case 'count':
        return this.#send({ type: 'counted', counts: this.#host.count(message.additions) })
      case 'running':
        this.running = message.count
    }
  }

  /** What cannot be sent is of no use any more: the worker has ended, and that is told elsewhere. */
  #send(message: ToWorker, socket?: Socket): void {
    if (this.#child.connected) this.#child.send(message, socket, { keepOpen: true }, () => {})
  }

  async #end(): Promise<Ending> {
    const child = this.#child
    const ending = await new Promise<Ending>((resolve) => {
      child.on('error', (error) => resolve({ code: null, signal: null, error }))
      child.once('exit', (code, signal) => resolve({ code, signal }))
    })
    await within(hearMs, this.#silent)
    this.#hasEnded = true
    for (const resolve of this.#asked.values()) resolve(undefined)
    return ending
  }
}
