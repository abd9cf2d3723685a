import { clientFault } from './as-http-error.ts'
import { PluginError, type HttpError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { headerMap } from './headers.ts'
import type { Instance } from './instances.ts'
import type { Meta } from './meta.ts'
import type { Phase } from './phase.ts'
import type { Plugin } from './plugin.ts'
import { cancelBody, json, type Reply } from './reply.ts'
import { slot } from './slot.ts'

/** Whose list a link stands in: global rules run before, and around, everything else. */
export type Scope = 'global' | 'route'

/** One plugin in one chain. */
export interface Link {
  readonly plugin: Plugin
  readonly instance: Instance
  readonly meta: Meta
  readonly priority: number
  readonly scope: Scope
  /** Neither a filter to ask nor a body to wait for: its hooks can be called as they are. */
  readonly direct: boolean
}

export function linkOf(plugin: Plugin, instance: Instance, meta: Meta, scope: Scope): Link {
  return {
    plugin,
    instance,
    meta,
    scope,
    priority: meta.priority ?? plugin.priority,
    direct: meta.filter === undefined && plugin.body !== 'whole',
  }
}

/** High to low; by name where that is equal. */
export function byPriority(links: readonly Link[]): Link[] {
  return links.toSorted((a, b) => b.priority - a.priority || (a.plugin.name < b.plugin.name ? -1 : 1))
}

/** By `_meta`, not by link: a chain that a consumer joins has links of its own for the plugins that it keeps. */
const verdicts = slot<Map<Meta, boolean>>('kernel.filters')

/** Whether `_meta.filter` lets the link run; decided once per exchange. */
export async function isWanted(link: Link, ctx: Exchange): Promise<boolean> {
  const { filter } = link.meta
  if (!filter) return true
  const known = ctx.get(verdicts)?.get(link.meta)
  if (known !== undefined) return known
  const { body } = ctx.request
  const early = filter.needsBody && !body.isRead ? filter.testWithoutBody(ctx) : filter.test(ctx)
  if (early !== undefined) return decided(link, early, ctx)
  await body.read()
  return decided(link, filter.test(ctx), ctx)
}

/** As `isWanted`, for the log phase, which must not wait: fields of a body that nobody has read are absent. */
export function wasWanted(link: Link, ctx: Exchange): boolean {
  const { filter } = link.meta
  if (!filter) return true
  return ctx.get(verdicts)?.get(link.meta) ?? decided(link, filter.test(ctx), ctx)
}

function decided({ meta }: Link, verdict: boolean, ctx: Exchange): boolean {
  const all = ctx.get(verdicts) ?? new Map<Meta, boolean>()
  ctx.set(verdicts, all.set(meta, verdict))
  return verdict
}

/** Waits for what the link needs; false: its filter says no. */
export async function isReady(link: Link, ctx: Exchange): Promise<boolean> {
  if (link.meta.filter && !(await isWanted(link, ctx))) return false
  if (link.plugin.body === 'whole') await ctx.request.body.read()
  return true
}

/** By exchange, not on the error: a plugin may throw one and the same error for every exchange. */
const raisers = slot<Map<unknown, Link>>('kernel.raisers')

/** Names the plugin in whatever it did not throw on purpose, and remembers who refused. */
export function stamp(error: unknown, link: Link, phase: Phase, ctx: Exchange): HttpError | PluginError {
  const stamped = named(error, link, phase)
  const known = ctx.get(raisers) ?? new Map<unknown, Link>()
  if (!known.has(stamped)) ctx.set(raisers, known.set(stamped, link))
  return stamped
}

function named(error: unknown, link: Link, phase: Phase): HttpError | PluginError {
  if (error instanceof PluginError) return error
  return clientFault(error) ?? new PluginError(link.plugin.name, phase, error)
}

/** The link whose hook the error left first. */
export function sourceOf(error: unknown, ctx: Exchange): Link | undefined {
  return ctx.get(raisers)?.get(error)
}

/** What a hook answered with. Throws where a plugin in plain JavaScript forgot to return a reply. */
export function expectReply(value: unknown): Reply {
  if (typeof value === 'object' && value !== null && Number.isInteger((value as Partial<Reply>).status)) return value as Reply
  throw new TypeError('it gave no reply: return what next() gives, or { status, headers, body }')
}

/** Headers that speak of the body that they came with. */
const describing = ['content-type', 'content-length', 'content-encoding', 'etag', 'last-modified']

/** Puts `_meta.error_response` in place of the body of an answer that reports an error. */
export function dress(reply: Reply, link: Link | undefined): Reply {
  const body = link?.meta.errorResponse
  if (body === undefined || reply.status < 400) return reply
  cancelBody(reply.body, 'refused')
  const headers = headerMap(Object.entries(reply.headers))
  for (const name of describing) delete headers[name]
  if (typeof body !== 'string') return json(reply.status, body, headers)
  headers['content-type'] = 'text/plain; charset=utf-8'
  return { status: reply.status, headers, body }
}
