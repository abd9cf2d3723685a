/** Runs steps one after the other, in the order in which they are asked for; one that fails holds up no other. */
export class InOrder {
  #last: Promise<unknown> = Promise.resolve()

  run<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#last.then(step)
    this.#last = done.catch(() => {}) // whoever asked for it is told
    return done
  }
}
