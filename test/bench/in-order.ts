/** Another one first in each round, forwards and backwards by turns: no target always follows the same neighbour. */
export function inOrder<T>(targets: readonly T[], round: number): T[] {
  const first = Math.floor(round / 2) % targets.length
  const order = [...targets.slice(first), ...targets.slice(0, first)]
  return round % 2 === 0 ? order : order.toReversed()
}
