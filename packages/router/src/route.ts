import type { Predicate } from '@sluice/expr'

/** One route as it is configured. Where several match alike, the one that stands first in the list wins. */
export interface RouteEntry<C, T> {
  readonly id: string
  /** Path patterns that `checkUri` has no objection to. */
  readonly uris: readonly string[]
  /** Host patterns; none, or `*`, is any host. */
  readonly hosts?: readonly string[]
  /** None is any method; HEAD is not implied by GET. */
  readonly methods?: readonly string[]
  /** IP addresses and CIDR blocks of clients; none is any. */
  readonly remoteAddrs?: readonly string[]
  /** Larger is tried earlier, among patterns with the same literal prefix. 0 by default. */
  readonly priority?: number
  readonly vars?: Predicate<C>
  readonly value: T
}

/** What of a request decides its route, beside variables. */
export interface RouteRequest {
  readonly method: string
  /** As received: percent-encoded, without the query. */
  readonly path: string
  /** The Host header, with its port if it has one; empty if there is none. */
  readonly host: string
  /** IP address of the client. */
  readonly address: string
}

/** The route that was found. */
export interface RouteMatch<T> {
  readonly value: T
  /** What `:name` and `*name` took from the decoded path, and `:ext` for a trailing `*`. Has no prototype. */
  readonly params: Readonly<Record<string, string>>
  /** The path pattern that matched. */
  readonly pattern: string
  /** The host pattern that matched, `undefined` where any host does. */
  readonly host: string | undefined
}

/** What `match` says when it reached a candidate that depends on the body: read it and ask again. */
export const needsBody: unique symbol = Symbol('needsBody')

/** What a search gives: a route, the wish for the body, or nothing. */
export type MatchResult<T> = RouteMatch<T> | typeof needsBody | undefined
