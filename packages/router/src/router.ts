import { compileAddresses, ExprError, type Addresses } from '@sluice/expr'
import type { Candidate, Question } from './candidate.ts'
import { HostTable, namesPort, readHost } from './host-table.ts'
import { normalizePath } from './normalize-path.ts'
import { PathTable } from './path-table.ts'
import type { MatchResult, RouteEntry, RouteMatch, RouteRequest } from './route.ts'
import { checkUri, compileUri, type UriPattern } from './uri-pattern.ts'

/** One line of the table: a route under one of its hosts and one of its paths. */
export interface TableEntry<T> {
  /** `undefined` for any host. */
  readonly host: string | undefined
  readonly uri: string
  /** `exact` is tried before the others; a `pattern` has parameters or stars within. */
  readonly kind: UriPattern['kind']
  readonly priority: number
  /** `undefined` for any method. */
  readonly methods: readonly string[] | undefined
  readonly id: string
  readonly value: T
}

type Draft<C, T> = Omit<Candidate<C, T>, 'rank'>

const anyHost = '*'
const noParams: Readonly<Record<string, string>> = Object.freeze(Object.create(null) as Record<string, string>)

/**
 * Finds the route of a request: by host, path, method, client address and variables. Its routes never change; build a new one
 * when the routes do. Routes must share one resolver of variables.
 */
export class Router<C, T> {
  readonly #plain: HostTable<PathTable<C, T>>
  readonly #ported: HostTable<PathTable<C, T>>
  readonly #any: PathTable<C, T> | undefined
  readonly #onlyAny: boolean
  readonly #tables: readonly PathTable<C, T>[]
  #lastHeader = ''
  #lastHost = readHost('')

  /** Throws for a path pattern or an address that cannot be compiled, and names the route. */
  constructor(entries: readonly RouteEntry<C, T>[], all: readonly Draft<C, T>[] = entries.flatMap(draftsOf)) {
    const byHost = Map.groupBy(all, ({ host }) => host ?? anyHost)
    const tables = new Map([...byHost].map(([host, drafts]) => [host, new PathTable(drafts)]))
    const named = [...tables].filter(([host]) => host !== anyHost)
    this.#plain = new HostTable(new Map(named.filter(([host]) => !namesPort(host))))
    this.#ported = new HostTable(new Map(named.filter(([host]) => namesPort(host))))
    this.#any = tables.get(anyHost)
    this.#onlyAny = named.length === 0
    this.#tables = [...tables].toSorted(([a], [b]) => byHostOrder(a, b)).map(([, table]) => table)
  }

  /** Makes one in short steps, for a process that does something else meanwhile. */
  static *inSteps<C, T>(entries: readonly RouteEntry<C, T>[]): Generator<undefined, Router<C, T>, undefined> {
    const drafts: Draft<C, T>[] = []
    for (const entry of entries) {
      drafts.push(...draftsOf(entry))
      yield
    }
    return new Router(entries, drafts)
  }

  /**
   * The route of a request, `undefined` if there is none. `needsBody` as soon as a candidate is reached that depends
   * on the body and the body has not been read: read it and ask again.
   */
  match(request: RouteRequest, context: C, bodyIsRead: boolean): MatchResult<T> {
    const path = normalizePath(request.path)
    if (path === undefined) return undefined
    const { method, address } = request
    const question: Question<C> = { method, path, address, context, bodyIsRead }
    return (this.#onlyAny ? undefined : this.#matchHost(request.host, question)) ?? this.#any?.match(question)
  }

  #matchHost(header: string, question: Question<C>): MatchResult<T> {
    // Most requests ask for the host that the one before has asked for, and one that depends on its body does so twice.
    if (header !== this.#lastHeader) {
      this.#lastHost = readHost(header)
      this.#lastHeader = header
    }
    const { name, withPort } = this.#lastHost
    const exact =
      (withPort === undefined ? undefined : this.#ported.exact(withPort)?.match(question)) ??
      this.#plain.exact(name)?.match(question)
    if (exact) return exact
    return (
      (withPort === undefined ? undefined : matchWildcards(this.#ported, withPort, question)) ??
      matchWildcards(this.#plain, name, question)
    )
  }

  /**
   * The table in the order in which it is tried; of exact hosts and exact paths, which exclude each other, in load
   * order.
   */
  entries(): readonly TableEntry<T>[] {
    return this.#tables.flatMap(({ candidates }) =>
      candidates.map(({ host, pattern, entry }) => ({
        host,
        uri: pattern.uri,
        kind: pattern.kind,
        priority: entry.priority ?? 0,
        methods: entry.methods?.length ? entry.methods : undefined,
        id: entry.id,
        value: entry.value,
      })),
    )
  }
}

function matchWildcards<C, T>(
  hosts: HostTable<PathTable<C, T>>,
  name: string,
  question: Question<C>,
): MatchResult<T> {
  for (let suffix = hosts.wildcards(name); suffix; suffix = suffix.shorter) {
    const found = suffix.value.match(question)
    if (found) return found
  }
  return undefined
}

/** Exact hosts, then wildcards from the longest on, then any host. */
function byHostOrder(a: string, b: string): number {
  const [left, right] = [specificity(a), specificity(b)]
  return left === right ? 0 : right - left
}

function specificity(host: string): number {
  return host.startsWith('*') ? host.length : Infinity
}

const drafted = new WeakMap<object, readonly Draft<never, unknown>[]>()

/** A route under each of its hosts and paths. Remembered: the next table has mostly the same routes. */
function draftsOf<C, T>(entry: RouteEntry<C, T>): readonly Draft<C, T>[] {
  let drafts = drafted.get(entry) as readonly Draft<C, T>[] | undefined
  if (!drafts) {
    drafts = makeDrafts(entry)
    drafted.set(entry, drafts as readonly Draft<never, unknown>[])
  }
  return drafts
}

function makeDrafts<C, T>(entry: RouteEntry<C, T>): Draft<C, T>[] {
  const patterns = [...new Set(entry.uris)].map((uri) => patternOf(entry.id, uri))
  const hosts = new Set(entry.hosts?.map((host) => host.toLowerCase()))
  if (hosts.size === 0) hosts.add(anyHost)
  const shared = {
    entry,
    methods: entry.methods?.length ? methodsOf(entry.methods) : undefined,
    addresses: entry.remoteAddrs?.length ? addressesOf(entry.id, entry.remoteAddrs) : undefined,
    vars: entry.vars,
  }
  return [...hosts].flatMap((name) =>
    patterns.map((pattern) => {
      const host = name === anyHost ? undefined : name
      return { ...shared, pattern, host, match: fixedMatch(entry.value, pattern, host) }
    }),
  )
}

const methodSets = new Map<string, ReadonlySet<string>>()
const mostMethodSets = 256

/** One set for all routes with the same methods: a request then finds it in the processor's cache, whichever route it takes. */
function methodsOf(methods: readonly string[]): ReadonlySet<string> {
  const key = methods.join(' ')
  const known = methodSets.get(key)
  if (known) return known
  const made = new Set(methods)
  if (methodSets.size < mostMethodSets) methodSets.set(key, made)
  return made
}

function fixedMatch<T>(value: T, { kind, uri }: UriPattern, host: string | undefined): RouteMatch<T> | undefined {
  return kind === 'exact' ? Object.freeze({ value, params: noParams, pattern: uri, host }) : undefined
}

function patternOf(id: string, uri: string): UriPattern {
  const problem = checkUri(uri)
  if (problem !== undefined) throw new Error(`route '${id}', path '${uri}': ${problem}`)
  return compileUri(uri)
}

function addressesOf(id: string, list: readonly string[]): Addresses {
  try {
    return compileAddresses(list)
  } catch (error) {
    if (!(error instanceof ExprError)) throw error
    throw new Error(`route '${id}', remote address '${list[error.at[0] ?? 0]}': ${error.message}`, { cause: error })
  }
}
