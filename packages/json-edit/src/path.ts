/** One step: a member name, or an index into an array, from the end if negative. */
export type Segment = string | number

/** Where a value stands. A string is one top-level member name, dots and all; `[]` is the whole document. */
export type Path = string | readonly Segment[]

export function segmentsOf(path: Path): readonly Segment[] {
  return typeof path === 'string' ? [path] : path
}

/** The path as people write it: `messages[0].content`. */
export function showPath(segments: readonly Segment[]): string {
  let shown = ''
  for (const segment of segments) {
    if (typeof segment === 'string' && /^[\w$-]+$/.test(segment)) shown += shown === '' ? segment : `.${segment}`
    else shown += `[${JSON.stringify(segment)}]`
  }
  return shown === '' ? 'the document' : shown
}
