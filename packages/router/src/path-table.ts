import { isUndecided, matchOf, type Candidate, type Question } from './candidate.ts'
import { candidateList, type CandidateList } from './candidate-list.ts'
import { PrefixTree } from './prefix-tree.ts'
import { needsBody, type MatchResult } from './route.ts'

/** The routes of one host: an exact path before any prefix, a longer prefix before a shorter one. */
export class PathTable<C, T> {
  readonly #exact: ReadonlyMap<string, CandidateList<C, T>>
  readonly #prefixes: PrefixTree<CandidateList<C, T>>
  /** In the order in which they are tried, as far as they have one. */
  readonly candidates: readonly Candidate<C, T>[]

  constructor(candidates: readonly Omit<Candidate<C, T>, 'rank'>[]) {
    const exact = ranked(candidates.filter(({ pattern }) => pattern.kind === 'exact'))
    const open = ranked(candidates.filter(({ pattern }) => pattern.kind !== 'exact'))
    this.#exact = mapped(exact, candidateList)
    this.#prefixes = new PrefixTree(mapped(open, candidateList))
    const byLength = [...open].toSorted(([a], [b]) => b.length - a.length)
    this.candidates = [...exact, ...byLength].flatMap(([, list]) => list)
  }

  match(question: Question<C>): MatchResult<T> {
    const exact = this.#exact.get(question.path)?.first(question, Infinity)
    if (exact) return answer(exact, question)
    for (let prefix = this.#prefixes.longest(question.path); prefix; prefix = prefix.shorter) {
      const found = prefix.value.first(question, Infinity)
      if (found) return answer(found, question)
    }
    return undefined
  }
}

function answer<C, T>(found: Candidate<C, T>, question: Question<C>): MatchResult<T> {
  return isUndecided(found, question) ? needsBody : matchOf(found, question.path)
}

/**
 * Groups candidates by their literal prefix: priority, then the longer pattern, then load order decides within a
 * group.
 */
function ranked<C, T>(candidates: readonly Omit<Candidate<C, T>, 'rank'>[]): Map<string, Candidate<C, T>[]> {
  return mapped(Map.groupBy(candidates, ({ pattern }) => pattern.prefix), (group) =>
    group
      .toSorted((a, b) => priority(b) - priority(a) || b.pattern.uri.length - a.pattern.uri.length)
      .map((candidate, rank) => ({ ...candidate, rank })),
  )
}

function priority({ entry }: Omit<Candidate<unknown, unknown>, 'rank'>): number {
  return entry.priority ?? 0
}

function mapped<K, V, W>(map: ReadonlyMap<K, V>, change: (value: V) => W): Map<K, W> {
  return new Map([...map].map(([key, value]) => [key, change(value)]))
}
