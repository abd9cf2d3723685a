import { compileBodyPath, compileRule, type Variables } from '@sluice/expr'
import { needsBody, Router, type RouteEntry, type RouteMatch, type RouteRequest } from '../src/index.ts'

/** Variables by name; the body apart, because it may not have been read yet. */
export interface Context {
  readonly [name: string]: unknown
  readonly body?: unknown
}

/**
 * Reads `post_arg.` from the body, and fails where there is none yet: nobody may look at it before it was asked for.
 */
export const variables: Variables<Context> = (name) => {
  if (!name.startsWith('post_arg.')) return { read: (context) => context[name] }
  const path = compileBodyPath(name.slice('post_arg.'.length))
  const read = ({ body }: Context): unknown => {
    if (body === undefined) throw new Error(`${name} was read before the body`)
    if ('query' in path) return path.query(body)
    return path.segments.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], body)
  }
  return { read, needsBody: true }
}

/** A route as a configuration would write it. */
export type Written = Partial<Omit<RouteEntry<Context, string>, 'vars'>> & { readonly vars?: unknown }

export function router(...routes: readonly Written[]): Router<Context, string> {
  return new Router(
    routes.map(({ vars, ...route }, index) => {
      const id = route.id ?? String(index + 1)
      const entry = { uris: ['/*'], value: id, ...route, id }
      return vars === undefined ? entry : { ...entry, vars: compileRule(vars, variables) }
    }),
  )
}

export function request(path: string, rest: Partial<RouteRequest> = {}): RouteRequest {
  return { method: 'GET', host: '', address: '192.0.2.1', ...rest, path }
}

/** Asks as the gateway does: without the body, and with it when that is asked for. */
export function ask(
  table: Router<Context, string>,
  asked: RouteRequest,
  context: Context = {},
): RouteMatch<string> | undefined {
  const { body = {}, ...head } = context
  const first = table.match(asked, head, false)
  const found = first === needsBody ? table.match(asked, { ...head, body }, true) : first
  if (found === needsBody) throw new Error('it asked for a body that it has')
  return found
}

/** Reproducible random numbers from 0 to below a limit (mulberry32). */
export function dice(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
}
