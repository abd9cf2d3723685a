/** What is to stand in place of the characters from `start` to `end`. */
export interface Splice {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** In the order of the text; of several that begin at one place, in the order in which they were made. */
function inOrder(splices: readonly Splice[]): readonly Splice[] {
  const ordered = splices.toSorted((a, b) => a.start - b.start || a.end - b.end)
  let at = 0
  return ordered.map((splice) => {
    // What is taken out twice is taken out once.
    const start = splice.text === '' ? Math.max(splice.start, Math.min(at, splice.end)) : splice.start
    if (start < at) throw new RangeError(`two changes of one place, at ${start}`)
    at = splice.end
    return start === splice.start ? splice : { ...splice, start }
  })
}

const mostInRope = 32

/** The text with all of them made, and where each of them stands in it. They must not overlap. */
export function spliced(text: string, splices: readonly Splice[]): { text: string; places: ReadonlyMap<Splice, number> } {
  const ordered = inOrder(splices)
  // Put together piece by piece, a few pieces are not copied until somebody reads the text; thousands would be a rope to fall over.
  const parts: string[] = []
  const places = new Map<Splice, number>()
  let at = 0
  let length = 0
  for (const splice of ordered) {
    parts.push(text.slice(at, splice.start), splice.text)
    length += splice.start - at
    places.set(splice, length)
    length += splice.text.length
    at = splice.end
  }
  parts.push(text.slice(at))
  return { text: parts.length < mostInRope ? parts.reduce((left, right) => left + right, '') : parts.join(''), places }
}

/**
 * Where offsets of the old text stand in the new one; to be asked in ascending order. What is put in right before an
 * offset pushes it on; an offset within what is replaced goes behind the replacement.
 */
export function shifting(splices: readonly Splice[]): (offset: number) => number {
  const ordered = inOrder(splices)
  let next = 0
  let delta = 0
  return (offset) => {
    for (let splice = ordered[next]; splice && splice.start <= offset && splice.end <= offset; splice = ordered[next]) {
      delta += splice.text.length - (splice.end - splice.start)
      next += 1
    }
    return offset + delta
  }
}
