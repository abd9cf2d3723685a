import { toNumber, type Variable } from '@sluice/expr'
import { accepts, type Candidate, type Question } from './candidate.ts'
import { chooseKey } from './choose-key.ts'

/** Candidates in the order in which they are tried. */
export interface CandidateList<C, T> {
  /** The first that accepts, of those whose rank is below the limit. */
  first(question: Question<C>, limit: number): Candidate<C, T> | undefined
}

/** Up to here trying one after the other is cheaper than looking anything up. */
const few = 4

/**
 * Arranges candidates, sorted by rank, so that those which a variable rules out cost nothing: by its value where most
 * of them require one, then again within each value and among the rest.
 */
export function candidateList<C, T>(candidates: readonly Candidate<C, T>[]): CandidateList<C, T> {
  // One candidate may stand under many values of several variables: the budget keeps the product of them away.
  return arrange(candidates, new Set(), { placements: 1000 + 20 * candidates.length })
}

interface Budget {
  placements: number
}

function arrange<C, T>(
  candidates: readonly Candidate<C, T>[],
  used: ReadonlySet<string>,
  budget: Budget,
): CandidateList<C, T> {
  const [first] = candidates
  if (first && candidates.length === 1) return new Single(first)
  const key = candidates.length > few ? chooseKey(candidates, used) : undefined
  if (!key || key.placements > budget.placements) return new Sequence(candidates)
  budget.placements -= key.placements

  const { name, variable } = key.equality
  const within = new Set([...used, name])
  const { buckets, rest } = divide(candidates, name)
  return new Index({
    variable,
    all: new Sequence(candidates),
    buckets: new Map([...buckets].map(([value, bucket]) => [value, arrange(bucket.map((one) => decided(one, value)), within, budget)])),
    rest: arrange(rest, within, budget),
  })
}

/**
 * Puts each candidate into the bucket of every value that it allows the variable; into the rest if it allows any
 * value.
 */
function divide<C, T>(candidates: readonly Candidate<C, T>[], name: string) {
  const buckets = new Map<unknown, Candidate<C, T>[]>()
  const rest: Candidate<C, T>[] = []
  for (const candidate of candidates) {
    const equality = candidate.vars?.equalities.find((one) => one.name === name)
    if (!equality) rest.push(candidate)
    for (const value of new Set(equality?.values)) append(buckets, value, candidate)
  }
  // A configured number is met by text that stands for it, so it also belongs to the bucket of such a text.
  for (const [value, bucket] of buckets) {
    const alike = typeof value === 'string' ? buckets.get(toNumber(value)) : undefined
    if (alike) buckets.set(value, [...new Set([...bucket, ...alike])].toSorted((a, b) => a.rank - b.rank))
  }
  return { buckets, rest }
}

/** The candidate as one whose variable is known to have this value: who asks for nothing else need not be asked. Only of texts is that sure. */
function decided<C, T>(candidate: Candidate<C, T>, value: unknown): Candidate<C, T> {
  const { vars } = candidate
  if (typeof value !== 'string' || !vars?.isEquality || !vars.equalities[0]?.values.includes(value)) return candidate
  return { ...candidate, vars: undefined }
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list) list.push(value)
  else lists.set(key, [value])
}

/** Tries the one that there is. */
class Single<C, T> implements CandidateList<C, T> {
  readonly #candidate: Candidate<C, T>

  constructor(candidate: Candidate<C, T>) {
    this.#candidate = candidate
  }

  first(question: Question<C>, limit: number): Candidate<C, T> | undefined {
    return this.#candidate.rank < limit && accepts(this.#candidate, question) ? this.#candidate : undefined
  }
}

/** Tries one after the other. */
class Sequence<C, T> implements CandidateList<C, T> {
  readonly #candidates: readonly Candidate<C, T>[]

  constructor(candidates: readonly Candidate<C, T>[]) {
    this.#candidates = candidates
  }

  first(question: Question<C>, limit: number): Candidate<C, T> | undefined {
    for (const candidate of this.#candidates) {
      if (candidate.rank >= limit) return undefined
      if (accepts(candidate, question)) return candidate
    }
    return undefined
  }
}

interface Division<C, T> {
  readonly variable: Variable<C>
  readonly all: CandidateList<C, T>
  readonly buckets: ReadonlyMap<unknown, CandidateList<C, T>>
  readonly rest: CandidateList<C, T>
}

/** Tries those that require the value which the variable has, and those that require none. */
class Index<C, T> implements CandidateList<C, T> {
  readonly #division: Division<C, T>

  constructor(division: Division<C, T>) {
    this.#division = division
  }

  first(question: Question<C>, limit: number): Candidate<C, T> | undefined {
    const { variable, all, rest } = this.#division
    // The first that is not ruled out by anything else is what the body must be read for.
    if (variable.needsBody && !question.bodyIsRead) return all.first(question, limit)
    const found = this.#bucket(variable.read(question.context))?.first(question, limit)
    return rest.first(question, found?.rank ?? limit) ?? found
  }

  #bucket(value: unknown): CandidateList<C, T> | undefined {
    const { buckets } = this.#division
    const bucket = buckets.get(value)
    return bucket || typeof value !== 'string' ? bucket : buckets.get(toNumber(value))
  }
}
