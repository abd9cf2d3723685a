import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** A process of the benchmark's own that answers each message with one message. It ends when the channel closes. */
export class Forked {
  readonly pid: number
  readonly #child: ChildProcess

  constructor(file: string, args: readonly (string | number)[], execArgv: readonly string[] = []) {
    this.#child = fork(new URL(file, import.meta.url), args.map(String), { execArgv: [...execArgv], serialization: 'advanced' })
    if (this.#child.pid === undefined) throw new Error(`could not start ${file}`)
    this.pid = this.#child.pid
  }

  tell(message: object): void {
    this.#child.send(message)
  }

  /** The next message; fails when the process ends first. */
  async hear<T>(): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const onExit = (code: number | null): void => reject(new Error(`a process of the benchmark ended with ${code}`))
    this.#child.once('message', (message) => resolve(message as T))
    this.#child.once('exit', onExit)
    try {
      return await promise
    } finally {
      this.#child.off('exit', onExit)
    }
  }

  ask<T>(message: object): Promise<T> {
    const answer = this.hear<T>()
    this.tell(message)
    return answer
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.disconnect()
    await exit
  }
}
