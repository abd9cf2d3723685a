/** Where a command writes; `process.stdout` and `process.stderr` are such. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  /** Characters in a line, of a terminal. */
  readonly columns?: number
}

/** What a command has around it, passed in so that it runs in a test as it does in a shell. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: AsyncIterable<Uint8Array | string> & { readonly isTTY?: boolean }
  readonly stdout: Output
  readonly stderr: Output
}

/** Whether what goes to `output` may be in colour: on a terminal, unless NO_COLOR says no. https://no-color.org */
export function hasColours(output: Output, { env }: Pick<Surroundings, 'env'>): boolean {
  return output.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}
