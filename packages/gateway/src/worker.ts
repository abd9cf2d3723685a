import type { Socket } from 'node:net'
import { AccessLog } from '@sluice/access-log'
import type { Env } from '@sluice/config'
import { ConfigError, type Kernel } from '@sluice/kernel'
import { DataPlane, type Change, type OpenLog } from './data-plane.ts'
import { builtInOf, envOf } from './environment.ts'
import { InOrder } from './in-order.ts'
import { PrimaryCounters } from './primary-counters.ts'
import { primaryLink as link } from './primary-link.ts'
import { PrimaryLog } from './primary-log.ts'
import { processLog, type ProcessLog } from './process-log.ts'
import { createKernel, judge, type ReadConfig } from './read-config.ts'
import { watchFaults } from './watch-faults.ts'
import { ReceivedDocument } from './wire-document.ts'
import type { Answered, Request, ToWorker } from './worker-messages.ts'

/** Milliseconds after which the primary is told how many exchanges run, where that has changed. */
const tellMs = 250

/** Runs a worker: what this process serves, and until when, is the primary's to say. */
export function runWorker(number: number, env: NodeJS.ProcessEnv): void {
  const log = processLog({ worker: number })
  const worker = new Worker(log, env)
  watchFaults(log, () => worker.tellRunning())
  // Ctrl-C and service managers signal every process; the primary alone knows what is to be done about it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  process.on('disconnect', () => process.exit(1))
  link.listen((message, socket) => worker.hear(message, socket))
}

/** A configuration that the worker has. */
interface Held {
  readonly document: ReceivedDocument
  readonly read: ReadConfig
}

class Worker {
  readonly #log: ProcessLog
  readonly #variables: NodeJS.ProcessEnv
  readonly #env: Env
  readonly #counters = new PrimaryCounters(link)
  readonly #lines = new PrimaryLog(link)
  #kernel: Kernel | undefined
  #plane: DataPlane | undefined
  #served: Held | undefined
  #next: (Held & { readonly change: Change }) | undefined
  /** Of the configuration that is read at the moment, or was last. */
  #version = 0
  #told = 0
  readonly #requests = new InOrder()

  constructor(log: ProcessLog, env: NodeJS.ProcessEnv) {
    this.#log = log
    this.#variables = env
    this.#env = envOf(env)
    setInterval(() => this.tellRunning(), tellMs).unref()
  }

  hear(message: ToWorker, socket: Socket | undefined): void {
    switch (message.type) {
      case 'ask':
        return void this.#answer(message)
      case 'connection':
        return this.#accept(message.id, socket)
      case 'taken':
        return this.#lines.taken(message.batch)
      case 'counted':
        return this.#counters.counted(message)
    }
  }

  tellRunning(): void {
    const count = this.#plane?.running ?? 0
    if (count === this.#told || !process.connected) return
    this.#told = count
    link.send({ type: 'running', count })
  }

  #accept(id: number, socket: Socket | undefined): void {
    link.send({ type: 'accepted', id })
    if (!socket || !this.#plane) return // it was closed on its way here
    // As the server makes its own.
    socket.allowHalfOpen = true
    socket.setNoDelay(true)
    this.#plane.server.emit('connection', socket)
  }

  async #answer({ id, request }: Extract<ToWorker, { type: 'ask' }>): Promise<void> {
    let answer: Answered
    try {
      answer = await (request.do === 'drain' ? this.#do(request) : this.#requests.run(() => this.#do(request)))
    } catch (err) {
      if (!(err instanceof ConfigError)) this.#log.error({ err, asked: request.do }, (err as Error).message)
      answer = { failure: { message: (err as Error).message, ...(err instanceof ConfigError && { problems: err.issues }) } }
    }
    await link.sent({ type: 'answer', id, answer })
    if (request.do === 'drain') process.exit(0)
  }

  async #do(request: Request): Promise<Answered> {
    switch (request.do) {
      case 'start':
        await this.#start(request)
        return {}
      case 'prepare':
        await this.#prepare(request)
        return {}
      case 'commit':
        await this.#commit()
        this.#log.level = this.#plane?.settings.log.level ?? this.#log.level
        return {}
      case 'discard':
        await this.#takeNext()?.change.discard()
        return {}
      case 'drain':
        return { inTime: (await this.#plane?.drain(request.timeoutMs)) ?? true }
    }
  }

  /** What was prepared, once. */
  #takeNext(): (Held & { readonly change: Change }) | undefined {
    const next = this.#next
    this.#next = undefined
    return next
  }

  async #prepare({ version, changes }: Extract<Request, { do: 'prepare' }>): Promise<void> {
    this.#version = version
    const held = await this.#read(await ReceivedDocument.from(changes, this.#served?.document))
    const change = await this.#plane?.prepare(held.read)
    if (change) this.#next = { ...held, change }
  }

  async #commit(): Promise<void> {
    const next = this.#takeNext()
    if (!next) return
    const { change, ...held } = next
    this.#served = held
    await change.commit()
  }

  async #start({ file, document, version, workers }: Extract<Request, { do: 'start' }>): Promise<void> {
    const init = { file, env: this.#env, builtIn: builtInOf(this.#variables), log: this.#log, counters: this.#counters }
    const { kernel, issues } = await createKernel(init, document.settings)
    if (issues.length > 0) throw new ConfigError(issues)
    this.#kernel = kernel
    const held = await this.#read(await ReceivedDocument.from(document))
    this.#version = version
    this.#log.level = held.read.settings.log.level
    this.#plane = await DataPlane.start(held.read, { kernel, log: this.#log, openLog: this.#openLog, among: workers })
    this.#served = held
    // The primary listens. Node begins to watch over slow requests, and over who is idle, with this event alone.
    this.#plane.server.emit('listening')
  }

  async #read(document: ReceivedDocument): Promise<Held> {
    if (!this.#kernel) throw new TypeError('a worker is told what to start with first')
    const { read, issues } = await judge(document, { kernel: this.#kernel, env: this.#env, memo: this.#served?.read.memo })
    if (!read) throw new ConfigError(issues)
    return { document, read }
  }

  readonly #openLog: OpenLog = ({ settings, logLine }) => {
    if (settings.access_log === false || !logLine) return undefined
    const { path } = settings.access_log
    const target = this.#lines.target(path, this.#version)
    return new AccessLog({ path, target, line: logLine, onError: (err) => this.#log.error({ err }, err.message) })
  }
}
