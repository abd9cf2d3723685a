import type { Exchange } from './exchange.ts'
import { Given } from './given.ts'
import { streamOf } from './lent-reply.ts'
import { dress, expectReply, isReady, stamp, type Link } from './link.ts'
import type { Awaitable, Hooks, Next } from './plugin.ts'
import type { Reply } from './reply.ts'

/** Gives the reply of what lies inside. */
export type Answer = (ctx: Exchange) => Promise<Reply>

type ProxyHook = (this: Hooks, ctx: Exchange, next: Next) => Awaitable<Reply>

/** One function out of all proxy hooks: wrappers by their order, then answerers, then `unanswered`. */
export function composeProxy(links: readonly Link[], unanswered: Answer): Answer {
  return inProxyOrder(links).reduceRight(enclose, unanswered)
}

/** From the outside in: an answerer is innermost, whatever its priority. */
export function inProxyOrder(links: readonly Link[]): Link[] {
  const wrappers = links.filter(({ plugin }) => !plugin.answers)
  const answerers = links.filter(({ plugin }) => plugin.answers)
  return [...wrappers, ...answerers]
}

function enclose(inner: Answer, link: Link): Answer {
  const { proxy } = link.instance.hooks
  if (!proxy) return inner
  return link.plugin.answers ? answerer(inner, link, proxy) : wrapper(inner, link, proxy)
}

function answerer(inner: Answer, link: Link, proxy: ProxyHook): Answer {
  const { hooks } = link.instance
  return async (ctx) => {
    try {
      if (!link.direct && !(await isReady(link, ctx))) return await inner(ctx)
      return dress(expectReply(await proxy.call(hooks, ctx, () => inner(ctx))), link)
    } catch (error) {
      throw stamp(error, link, 'proxy', ctx)
    }
  }
}

function wrapper(inner: Answer, link: Link, proxy: ProxyHook): Answer {
  const { hooks } = link.instance
  return async (ctx) => {
    const given = new Given(ctx)
    try {
      if (!link.direct && !(await isReady(link, ctx))) return await inner(ctx)
      const reply = expectReply(await proxy.call(hooks, ctx, () => given.take(inner(ctx))))
      given.close(streamOf(reply) ?? null)
      return given.has(reply) ? reply : dress(reply, link)
    } catch (error) {
      given.close(null)
      throw stamp(error, link, 'proxy', ctx)
    }
  }
}
