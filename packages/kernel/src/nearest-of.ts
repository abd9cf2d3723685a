/**
 * The candidate that `name` was probably meant to be: a third of its letters may differ, three at most; case and
 * separators do not count. Undefined where none comes near.
 */
export function nearestOf(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = plain(name)
  let nearest: string | undefined
  let bound = Math.min(3, Math.floor(wanted.length / 3)) + 1
  for (const candidate of candidates) {
    const found = distance(wanted, plain(candidate))
    if (found >= bound) continue
    bound = found
    nearest = candidate
  }
  return nearest
}

/** Bounded: names come from a file that anyone may have written. */
function plain(name: string): string {
  return name.slice(0, 64).toLowerCase().replace(/[-_. ]/g, '')
}

/** Letters to add, drop, change or swap with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  let above: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let line = 1; line <= a.length; line++) {
    const next = [line]
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[line - 1] === b[column - 1]
      const isSwap = line > 1 && column > 1 && a[line - 1] === b[column - 2] && a[line - 2] === b[column - 1]
      const changed = at(row, column - 1) + (isSame ? 0 : 1)
      const cheapest = Math.min(at(row, column) + 1, at(next, column - 1) + 1, changed)
      next.push(isSwap ? Math.min(cheapest, at(above, column - 2) + 1) : cheapest)
    }
    above = row
    row = next
  }
  return at(row, b.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity
}
