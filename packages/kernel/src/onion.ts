import type { Exchange } from './exchange.ts'
import { dress, isReady, stamp, type Link } from './link.ts'
import type { Outcome } from './outcome.ts'
import type { Awaitable, Next } from './plugin.ts'
import { isStream, type Reply, type ReplyBody, type ReplyStream } from './reply.ts'
import { slot } from './slot.ts'

/** Gives the reply of what lies inside. */
export type Answer = (ctx: Exchange) => Promise<Reply>

type ProxyHook = (ctx: Exchange, next: Next) => Awaitable<Reply>

/** One function out of all proxy hooks: wrappers by their order, then answerers, then `unanswered`. */
export function composeProxy(links: readonly Link[], unanswered: Answer): Answer {
  const wrappers = links.filter(({ plugin }) => !plugin.answers)
  const answerers = links.filter(({ plugin }) => plugin.answers)
  return [...wrappers, ...answerers].reduceRight(enclose, unanswered)
}

function enclose(inner: Answer, link: Link): Answer {
  const { hooks } = link.instance
  if (!hooks.proxy) return inner
  const proxy: ProxyHook = hooks.proxy.bind(hooks)
  return link.plugin.answers ? answerer(inner, link, proxy) : wrapper(inner, link, proxy)
}

function answerer(inner: Answer, link: Link, proxy: ProxyHook): Answer {
  return async (ctx) => {
    try {
      if (!link.direct && !(await isReady(link, ctx))) return await inner(ctx)
      return dress(await proxy(ctx, () => inner(ctx)), link)
    } catch (error) {
      throw stamp(error, link, 'proxy')
    }
  }
}

function wrapper(inner: Answer, link: Link, proxy: ProxyHook): Answer {
  return async (ctx) => {
    const given: Reply[] = []
    const next: Next = async () => {
      const reply = await inner(ctx)
      given.push(reply)
      return reply
    }
    try {
      if (!link.direct && !(await isReady(link, ctx))) return await inner(ctx)
      const reply = await proxy(ctx, next)
      giveUp(given, reply.body, ctx)
      return given.includes(reply) ? reply : dress(reply, link)
    } catch (error) {
      giveUp(given, null, ctx)
      throw stamp(error, link, 'proxy')
    }
  }
}

const strays = slot<ReplyStream[]>('kernel.strays')

/** Cancels the streams that `next()` gave and nobody returned, so that no upstream goes on talking to nobody. */
function giveUp(given: readonly Reply[], kept: ReplyBody, ctx: Exchange): void {
  if (given.length === 0) return
  const inUse = new Set<ReplyBody>()
  for (let body: ReplyBody | undefined = kept; body && isStream(body); body = body.source) inUse.add(body)
  const unused = given.flatMap(({ body }) => (body !== null && isStream(body) && !inUse.has(body) ? [body] : []))
  // A stream that does not say what it wraps might wrap any of them: those end with the exchange.
  const unsure = kept !== null && isStream(kept) && !kept.source && !given.some(({ body }) => body === kept)
  if (unsure) ctx.set(strays, [...(ctx.get(strays) ?? []), ...unused])
  else for (const stream of unused) stream.cancel('refused')
}

/** Cancels what no wrapper claimed; the exchange is over. */
export function cancelStrays(ctx: Exchange, outcome: Outcome): void {
  for (const stream of ctx.get(strays) ?? []) stream.cancel(outcome)
}
