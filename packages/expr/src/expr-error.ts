/** What is wrong with an expression, and where. */
export class ExprError extends Error {
  /** Index path into the rule; empty for what is not a rule, such as a pattern or a body path. */
  readonly at: readonly number[]

  constructor(message: string, at: readonly number[] = []) {
    super(message)
    this.name = 'ExprError'
    this.at = at
  }
}
