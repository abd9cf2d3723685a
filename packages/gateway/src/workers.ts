import type { Logger } from '@sluice/kernel'
import type { Answered, Failure, Request } from './worker-messages.ts'
import { WorkerProcess, type Ending, type WorkerHost } from './worker-process.ts'
import type { WireDocument } from './wire-document.ts'
import { within } from './within.ts'

/** Milliseconds for which a worker must have lived, for its death not to count as one of a row. */
const steadyMs = 10_000
/** Milliseconds until a worker that has died in a row is replaced; twice as many for each further one. */
const backOffMs = { first: 100, most: 10_000 }
/** Milliseconds that a worker gets to take in a configuration. */
const changeMs = 120_000
/** Milliseconds beyond the time for a drain after which a worker that has still not ended is killed. */
const drainGraceMs = 5_000

export interface WorkersOptions {
  readonly count: number
  readonly file: string
  readonly log: Logger
  readonly host: WorkerHost
  /** A worker takes connections from now on. */
  serves(worker: WorkerProcess): void
  /** It has ended. */
  left(worker: WorkerProcess): void
}

/** A configuration; a later one has a higher version. */
export interface Version {
  readonly version: number
  /** All of it. */
  document(): WireDocument
}

/** One that comes after the one that serves. */
export interface NextVersion extends Version {
  /** What is other than in the one that serves. */
  readonly changes: WireDocument
}

/** Why a worker does not serve. */
export class WorkerFailedError extends Error {
  override readonly name = 'WorkerFailedError'
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

/** So many processes that serve: all on one configuration, and each replaced when it dies. */
export class Workers {
  readonly #options: WorkersOptions
  readonly #alive = new Set<WorkerProcess>()
  readonly #serving = new Set<WorkerProcess>()
  #current: Version
  /** What is being prepared, and what each worker that was asked says of it. */
  #next: (NextVersion & { readonly asked: Map<WorkerProcess, Promise<Answered | undefined>> }) | undefined
  #isStopping = false
  #wake: () => void = () => {}
  readonly #stopped = new Promise<void>((resolve) => (this.#wake = resolve))

  constructor(options: WorkersOptions, current: Version) {
    this.#options = options
    this.#current = current
  }

  /** Workers that take connections. */
  get serving(): number {
    return this.#serving.size
  }

  /** Exchanges that run, as far as the workers have told. */
  get running(): number {
    return [...this.#alive].reduce((sum, { running }) => sum + running, 0)
  }

  /** Resolves once all of them serve. Rejects with a `WorkerFailedError` where one does not; then call `kill`. */
  async start(): Promise<void> {
    const numbers = Array.from({ length: this.#options.count }, (_, index) => index + 1)
    const first = numbers.map((number) => this.#begin(number))
    const started = first.map(async ({ worker, served }) => {
      const failure = await served
      if (failure) throw new WorkerFailedError({ ...failure, message: `worker ${worker.number} does not serve: ${failure.message}` })
    })
    await Promise.all(started)
    for (const { worker } of first) void this.#keep(worker)
  }

  /** Has all of them compile another configuration. Gives why one cannot; then call `discard`, else `commit`. */
  async prepare(next: NextVersion): Promise<Failure | undefined> {
    const change = { ...next, asked: new Map<WorkerProcess, Promise<Answered | undefined>>() }
    this.#next = change
    for (const worker of this.#alive) this.#askToPrepare(worker)
    const failures = new Map<WorkerProcess, Failure>()
    // One that takes the place of another meanwhile is asked as well.
    for (let answers = 0; answers < change.asked.size; ) {
      answers = change.asked.size
      for (const [worker, answer] of change.asked) {
        const failure = (await answer)?.failure
        if (failure) failures.set(worker, failure)
      }
    }
    const [[, failure] = []] = failures
    return failure && joined(failure, [...failures.values()])
  }

  /** All serve what they have compiled. Resolves once they do; a worker that does not is replaced by one that does. */
  async commit(): Promise<void> {
    if (!this.#next) return
    const { asked, ...current } = this.#next
    this.#current = current
    this.#next = undefined
    const commits = [...asked.keys()].map(async (worker) => {
      const failure = (await this.#askInTime(worker, { do: 'commit' }))?.failure
      if (!failure) return
      this.#options.log.error({ worker: worker.number, problems: [failure.message] }, 'a worker does not take the configuration, and has to end')
      worker.kill()
    })
    await Promise.all(commits)
  }

  async discard(): Promise<void> {
    const asked = this.#next?.asked.keys() ?? []
    this.#next = undefined
    await Promise.all([...asked].map((worker) => this.#askInTime(worker, { do: 'discard' })))
  }

  /** Lets what runs finish, for that many milliseconds, and ends all of them. False: exchanges were cut off. */
  async drain(timeoutMs: number): Promise<boolean> {
    this.#stop()
    const drained = [...this.#alive].map(async (worker) => {
      const answer = worker.ask({ do: 'drain', timeoutMs })
      if (!(await within(timeoutMs + drainGraceMs, worker.ended))) worker.kill()
      await worker.ended
      return (await answer)?.inTime === true
    })
    return (await Promise.all(drained)).every(Boolean)
  }

  /** Ends all of them at once. */
  kill(): void {
    this.#stop()
    for (const worker of this.#alive) worker.kill()
  }

  #stop(): void {
    this.#isStopping = true
    this.#wake()
  }

  /** Starts a process. `served` gives why it does not serve. */
  #begin(number: number): { worker: WorkerProcess; served: Promise<Failure | undefined> } {
    const { host, file, count } = this.#options
    const worker = new WorkerProcess(number, host)
    this.#alive.add(worker)
    void worker.ended.then(() => this.#end(worker))
    const { version, document } = this.#current
    const started = worker.ask({ do: 'start', version, document: document(), file, workers: count })
    this.#askToPrepare(worker)
    return { worker, served: this.#served(worker, started) }
  }

  async #served(worker: WorkerProcess, started: Promise<Answered | undefined>): Promise<Failure | undefined> {
    const answer = await started
    if (!answer) return { message: `it ended with ${toText(await worker.ended)}` }
    if (answer.failure) {
      worker.kill()
      return answer.failure
    }
    if (this.#isStopping) return undefined
    this.#serving.add(worker)
    this.#options.serves(worker)
    return undefined
  }

  #end(worker: WorkerProcess): void {
    this.#alive.delete(worker)
    this.#serving.delete(worker)
    this.#options.left(worker)
  }

  /** Puts another in its place whenever it ends, until all are to stop. */
  async #keep(first: WorkerProcess): Promise<void> {
    let worker: WorkerProcess | undefined = first
    let inRow = 0
    for (;;) {
      const ending: Ending | undefined = await worker?.ended
      if (this.#isStopping) return
      if (worker && ending) this.#sayDied(worker, ending)
      inRow = worker && performance.now() - worker.startedAt > steadyMs ? 0 : inRow + 1
      const delay = inRow === 0 ? 0 : Math.min(backOffMs.first * 2 ** (inRow - 1), backOffMs.most)
      if (await within(delay, this.#stopped)) return
      worker = await this.#replacement(first.number)
    }
  }

  /** Another process; undefined where none can be started. */
  async #replacement(number: number): Promise<WorkerProcess | undefined> {
    const { log } = this.#options
    try {
      const { worker, served } = this.#begin(number)
      const failure = await served
      const fields = { worker: number, worker_pid: worker.pid }
      if (!failure) log.info(fields, 'another worker serves in its place')
      else if (!this.#isStopping) log.error({ ...fields, problems: [failure.message] }, 'the worker that takes its place does not serve')
      return worker
    } catch (err) {
      log.error({ err, worker: number }, 'no process can be started for a worker')
      return undefined
    }
  }

  #sayDied(worker: WorkerProcess, ending: Ending): void {
    const { code, signal, error } = ending
    const fields = { worker: worker.number, worker_pid: worker.pid, code, signal, exchanges: worker.running, ...(error && { err: error }) }
    this.#options.log.error(fields, `worker ${worker.number} has ended with ${toText(ending)}, and with ${worker.running} exchanges`)
  }

  #askToPrepare(worker: WorkerProcess): void {
    if (!this.#next) return
    const { version, changes, asked } = this.#next
    asked.set(worker, this.#askInTime(worker, { do: 'prepare', version, changes }))
  }

  /** A worker that takes too long has failed. */
  async #askInTime(worker: WorkerProcess, request: Request): Promise<Answered | undefined> {
    const answer = worker.ask(request)
    if (await within(changeMs, answer)) return answer
    return { failure: { message: `worker ${worker.number} (process ${worker.pid}) has not answered within ${changeMs / 1_000} s` } }
  }
}

function toText({ code, signal, error }: Ending): string {
  if (error) return error.message
  return signal === null ? `exit code ${code}` : `signal ${signal}`
}

/** Every problem once, whoever has found it. */
function joined(first: Failure, all: readonly Failure[]): Failure {
  const problems = all.flatMap((failure) => failure.problems ?? [])
  const distinct = new Map(problems.map((problem) => [`${problem.path.join('\0')}\0${problem.message}`, problem]))
  return distinct.size === 0 ? first : { message: first.message, problems: [...distinct.values()] }
}
