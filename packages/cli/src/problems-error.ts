/** What is wrong with files, a line each, each with its place: `gateway.yaml:3:5 routes[0].uri: must be a string`. */
export class ProblemsError extends Error {
  override readonly name = 'ProblemsError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}
