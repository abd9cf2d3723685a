import type { Equality } from '@sluice/expr'
import type { Candidate } from './candidate.ts'

/** What is known of a variable that some of the candidates require by `==` or `in`. */
interface Tally<C> {
  readonly equality: Equality<C>
  /** How many candidates require it. */
  covered: number
  /** In how many buckets they would stand, each candidate once for each of its values. */
  placements: number
  readonly values: Set<unknown>
}

/**
 * The variable that divides candidates best, `undefined` where none is worth it: most of them require it, of different
 * values. One that can be read without the body is preferred, unless it divides much worse.
 */
export function chooseKey<C>(
  candidates: readonly Candidate<C, unknown>[],
  used: ReadonlySet<string>,
): { readonly equality: Equality<C>; readonly placements: number } | undefined {
  const tallies = [...tally(candidates).values()].filter(({ equality }) => !used.has(equality.name))
  const best = highest(tallies)
  if (!best || score(best) < candidates.length / 8) return undefined
  const free = highest(tallies.filter(({ equality }) => !equality.variable.needsBody))
  return free && score(free) >= score(best) / 2 ? free : best
}

/** How many candidates the variable spares us, if all values are as frequent. */
function score({ covered, values }: Tally<unknown>): number {
  return covered - covered / values.size
}

function highest<C>(tallies: readonly Tally<C>[]): Tally<C> | undefined {
  let best = tallies[0]
  for (const one of tallies) if (best && score(one) > score(best)) best = one
  return best
}

function tally<C>(candidates: readonly Candidate<C, unknown>[]): Map<string, Tally<C>> {
  const tallies = new Map<string, Tally<C>>()
  for (const { vars } of candidates) {
    const seen = new Set<string>()
    for (const equality of vars?.equalities ?? []) {
      if (seen.has(equality.name)) continue
      seen.add(equality.name)
      const one = tallies.get(equality.name) ?? { equality, covered: 0, placements: 0, values: new Set() }
      tallies.set(equality.name, one)
      one.covered++
      one.placements += equality.values.length
      for (const value of equality.values) one.values.add(value)
    }
  }
  return tallies
}
