import {
  ConfigError,
  HttpError,
  json,
  type Answer,
  type Chain,
  type Exchange,
  type Issue,
  type Kernel,
  TimeSlice,
} from '@sluice/kernel'
import { Router, type RouteEntry } from '@sluice/router'
import type { Resolved } from './check-document.ts'
import type { ResolvedRoute } from './resolve-route.ts'
import { Snapshot, type CompiledRoute } from './snapshot.ts'
import { inSlices } from './steps.ts'

export interface SnapshotInit {
  readonly kernel: Kernel
  readonly resolved: Resolved
  /** Answers where no route matches and no global rule does; by default with a 404. */
  readonly notFound?: Answer
}

/** The 404 of requests that no route matches. */
export const routeNotFound: Answer = async (ctx) => {
  ctx.outcome ??= 'refused'
  return json(404, { error_msg: '404 Route Not Found' })
}

/**
 * Sets up what is new of a configuration and makes the routes that serve it. Where anything fails, what was set up is
 * released, and it rejects with a `ConfigError` that lists every problem.
 */
export async function compileSnapshot({ kernel, resolved, notFound = routeNotFound }: SnapshotInit): Promise<Snapshot> {
  const builder = kernel.build()
  const { globals, consumers } = resolved
  const served = resolved.routes.filter(({ isServed }) => isServed)
  try {
    const slice = new TimeSlice()
    const fresh = new Set(globals)
    for (const { plugins, missing } of served) {
      if (missing !== undefined) continue
      if (!builder.takeOver({ globals, plugins })) plugins.forEach((prepared) => fresh.add(prepared))
      if (slice.isOver) await slice.rest()
    }
    for (const { plugins } of consumers) plugins.forEach((prepared) => fresh.add(prepared))
    // One at a time, so that each plugin is set up once, and each that fails is told of once.
    const issues: Issue[] = []
    for (const prepared of fresh) {
      issues.push(...(await problemsOf(builder.setUp(prepared))))
      if (slice.isOver) await slice.rest()
    }
    if (issues.length > 0) throw new ConfigError(issues)

    const routes: CompiledRoute[] = []
    for (const route of served) {
      const spec = route.missing === undefined ? { plugins: route.plugins } : { plugins: [], unanswered: lacks(route.missing) }
      routes.push(compiled(route, builder.takeOver({ globals, ...spec }) ?? (await builder.chain({ globals, ...spec }))))
      if (slice.isOver) await slice.rest()
    }
    const fallback = await builder.chain({ globals, plugins: [], unanswered: notFound })
    const router = await inSlices(Router.inSteps(routes.map(entryOf)))
    const directory = consumers.length > 0 ? await builder.directory(consumers) : undefined
    return new Snapshot({ routes, notFound: fallback, router, directory, dispose: () => builder.release() })
  } catch (error) {
    await builder.release()
    throw error
  }
}

/** What a route answers when what it refers to was taken away. */
function lacks(missing: string): Answer {
  return async () => {
    throw new HttpError(503, 'missing_reference', `this route refers to ${missing}, which was deleted`)
  }
}

async function problemsOf(attempt: Promise<unknown>): Promise<readonly Issue[]> {
  try {
    await attempt
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.issues
  }
}

const known = new WeakMap<ResolvedRoute, CompiledRoute>()

/** The same as in the snapshot before, where nothing of it has changed. */
function compiled(route: ResolvedRoute, chain: Chain): CompiledRoute {
  const before = known.get(route)
  if (before?.chain === chain) return before
  const made = { ...route, chain }
  known.set(route, made)
  return made
}

const entries = new WeakMap<CompiledRoute, RouteEntry<Exchange, CompiledRoute>>()

function entryOf(route: CompiledRoute): RouteEntry<Exchange, CompiledRoute> {
  let entry = entries.get(route)
  if (!entry) entries.set(route, (entry = toEntry(route)))
  return entry
}

function toEntry(route: CompiledRoute): RouteEntry<Exchange, CompiledRoute> {
  const { info, uris, hosts, methods, remoteAddrs, priority, vars } = route
  return { id: info.id, uris, hosts, methods, remoteAddrs, priority, ...(vars && { vars }), value: route }
}
