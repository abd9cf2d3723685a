import { PluginError, HttpError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { Instance } from './instances.ts'
import type { Meta } from './meta.ts'
import type { Phase } from './phase.ts'
import type { Plugin } from './plugin.ts'
import { json, type Reply } from './reply.ts'
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

const verdicts = slot<Map<Link, boolean>>('kernel.filters')

/** Whether `_meta.filter` lets the link run; decided once per exchange. */
export async function isWanted(link: Link, ctx: Exchange): Promise<boolean> {
  const { filter } = link.meta
  if (!filter) return true
  const known = ctx.get(verdicts)?.get(link)
  if (known !== undefined) return known
  if (filter.needsBody && !ctx.request.body.isRead) await ctx.request.body.read()
  const verdict = filter.test(ctx)
  const all = ctx.get(verdicts) ?? new Map<Link, boolean>()
  ctx.set(verdicts, all.set(link, verdict))
  return verdict
}

/** Whether the link was found unwanted; for the log phase, which must not wait for anything. */
export function wasUnwanted(link: Link, ctx: Exchange): boolean {
  if (!link.meta.filter) return false
  const known = ctx.get(verdicts)?.get(link)
  if (known !== undefined) return !known
  return link.meta.filter.needsBody && !ctx.request.body.isRead ? false : !link.meta.filter.test(ctx)
}

/** Waits for what the link needs; false: its filter says no. */
export async function isReady(link: Link, ctx: Exchange): Promise<boolean> {
  if (link.meta.filter && !(await isWanted(link, ctx))) return false
  if (link.plugin.body === 'whole') await ctx.request.body.read()
  return true
}

const raisedBy = Symbol('raisedBy')

/** Names the plugin in whatever it did not throw on purpose, and remembers who refused. */
export function stamp(error: unknown, link: Link, phase: Phase): HttpError | PluginError {
  const known = error instanceof HttpError || error instanceof PluginError
  const stamped = (known ? error : new PluginError(link.plugin.name, phase, error)) as (HttpError | PluginError) & {
    [raisedBy]?: Link
  }
  stamped[raisedBy] ??= link
  return stamped
}

/** The link whose hook the error left first. */
export function sourceOf(error: unknown): Link | undefined {
  return (error as { [raisedBy]?: Link } | undefined)?.[raisedBy]
}

/** Puts `_meta.error_response` in place of the body of an answer that reports an error. */
export function dress(reply: Reply, link: Link | undefined): Reply {
  const body = link?.meta.errorResponse
  if (body === undefined || reply.status < 400) return reply
  const headers = { ...reply.headers }
  delete headers['content-type']
  if (typeof body === 'string') return { status: reply.status, headers: Object.assign(headers, { 'content-type': 'text/plain; charset=utf-8' }), body }
  return json(reply.status, body, headers)
}
