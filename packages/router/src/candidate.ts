import type { Addresses, Predicate } from '@sluice/expr'
import { admits, capture } from './match-uri.ts'
import type { RouteEntry, RouteMatch } from './route.ts'
import type { UriPattern } from './uri-pattern.ts'

/** What a match asks of every candidate. */
export interface Question<C> {
  readonly method: string
  readonly path: string
  readonly address: string
  readonly context: C
  readonly bodyIsRead: boolean
}

/** A route under one of its hosts and one of its paths. */
export interface Candidate<C, T> {
  /** Its place in the list of those with the same host and the same literal prefix: the first that accepts wins. */
  readonly rank: number
  readonly entry: RouteEntry<C, T>
  readonly methods: ReadonlySet<string> | undefined
  readonly addresses: Addresses | undefined
  readonly vars: Predicate<C> | undefined
  readonly pattern: UriPattern
  readonly host: string | undefined
  /** The answer, where it is the same for every request. */
  readonly match: RouteMatch<T> | undefined
}

/** Whether the candidate matches, or might, as far as one can tell without the body. */
export function accepts<C>(candidate: Candidate<C, unknown>, question: Question<C>): boolean {
  const { methods, addresses, vars } = candidate
  if (methods && !methods.has(question.method)) return false
  if (addresses && !addresses.includes(question.address)) return false
  if (!candidate.match && !admits(candidate.pattern, question.path)) return false // of an exact one the table knows it
  if (!vars) return true
  return dependsOnBody(vars, question) ? vars.testWithoutBody(question.context) !== false : vars.test(question.context)
}

/** Whether a candidate that accepts does so only because nobody has read the body yet. */
export function isUndecided<C>({ vars }: Candidate<C, unknown>, question: Question<C>): boolean {
  return vars !== undefined && dependsOnBody(vars, question) && vars.testWithoutBody(question.context) === undefined
}

function dependsOnBody<C>(vars: Predicate<C>, { bodyIsRead }: Question<C>): boolean {
  return vars.needsBody && !bodyIsRead
}

/** The answer that a candidate gives. */
export function matchOf<C, T>({ match, pattern, entry, host }: Candidate<C, T>, path: string): RouteMatch<T> {
  return match ?? { value: entry.value, params: capture(pattern, path), pattern: pattern.uri, host }
}
