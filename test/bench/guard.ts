import { Forked } from './forked.ts'

/** Ends the processes that it is told of, and removes the folder, when the benchmark is gone, however it went. */
export class Guard {
  readonly #process: Forked

  constructor(folder: string) {
    this.#process = new Forked('./guard-process.ts', [folder])
  }

  add(pid: number): void {
    this.#process.tell({ add: pid })
  }

  drop(pid: number): void {
    this.#process.tell({ drop: pid })
  }

  stop(): Promise<void> {
    return this.#process.stop()
  }
}
