/** A command that cannot be done: what is wrong, in one sentence, and what to do about it. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError'
  /** Lines for the user, each a sentence or a command. */
  readonly advice: readonly string[]

  constructor(message: string, { advice = [], cause }: { readonly advice?: readonly string[]; readonly cause?: unknown } = {}) {
    super(message, { cause })
    this.advice = advice
  }
}
