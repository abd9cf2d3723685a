import { asHttpError } from './as-http-error.ts'
import { HttpError, PluginError } from './errors.ts'
import type { Delivery, Exchange } from './exchange.ts'
import { formatError as plainError } from './format-error.ts'
import { cancelStrays } from './given.ts'
import { dress, expectReply, isReady, sourceOf, stamp, wasWanted, type Link } from './link.ts'
import { composeProxy, inProxyOrder, type Answer } from './onion.ts'
import type { Outcome } from './outcome.ts'
import type { Awaitable, Hooks } from './plugin.ts'
import { cancelBody, type Reply } from './reply.ts'
import type { Phase } from './phase.ts'
import { slot } from './slot.ts'

/** Shapes a thrown error for the client; an error that is no `HttpError` shows nothing of itself. */
export type FormatError = (error: HttpError | PluginError, ctx: Exchange) => Reply

/** What a chain needs of the kernel that made it. */
export interface ChainHost {
  readonly formatError: FormatError
  /** Something was thrown: on purpose (`HttpError`) or not. */
  report(error: HttpError | PluginError, ctx: Exchange): void
}

export interface ChainInit {
  /** The global rules', then the route's, each by priority. */
  readonly links: readonly Link[]
  readonly host: ChainHost
  readonly unanswered: Answer
  /** A consumer's plugins are among the links. */
  readonly isJoined?: boolean
  /** Gives back what the chain holds. */
  onEnd(): Promise<void>
}

/** The hook is kept as it is, not bound: a hundred routes with the same plugins then call one function, which the compiler can see into. */
interface Step {
  readonly link: Link
  readonly hooks: Hooks
  readonly hook: (this: Hooks, ctx: Exchange) => Awaitable<Reply | void>
}

const joined = slot<Chain>('kernel.joined')

/**
 * A route's plugins in running order: two lists to walk, an onion to cross, a list to settle. Immutable, and held by the
 * snapshots that it serves in and by the exchanges that run on it: the last one to let go ends it.
 */
export class Chain {
  readonly links: readonly Link[]
  readonly #rewrite: readonly Step[]
  readonly #access: readonly Step[]
  readonly #answer: Answer
  readonly #log: readonly Link[]
  readonly #host: ChainHost
  readonly #unanswered: Answer
  /** Index of the first rewrite step behind which a consumer's plugins join: the last that authenticates. */
  readonly #joinsAt: number
  /** Of a joined chain: what is left of the rewrite phase, by the step behind which it joined. */
  readonly #rests: (readonly Step[])[] = []
  readonly #onEnd: () => Promise<void>
  #holders = 0

  constructor({ links, host, unanswered, isJoined = false, onEnd }: ChainInit) {
    this.links = links
    this.#onEnd = onEnd
    this.#host = host
    this.#unanswered = unanswered
    this.#rewrite = links.flatMap((link) => stepOf(link, link.instance.hooks.rewrite))
    this.#access = links.flatMap((link) => stepOf(link, link.instance.hooks.access))
    this.#answer = composeProxy(links, unanswered)
    this.#log = links.filter((link) => link.instance.hooks.log)
    this.#joinsAt = isJoined ? Infinity : this.#rewrite.findLastIndex(({ link }) => link.plugin.authenticates)
  }

  /** This chain with a consumer's plugins among its links. */
  joined(links: readonly Link[], onEnd: () => Promise<void>): Chain {
    return new Chain({ links, host: this.#host, unanswered: this.#unanswered, isJoined: true, onEnd })
  }

  hold(): void {
    this.#holders += 1
  }

  /** Gives one hold back. The last one ends the chain, and the promise settles when what it held is given back. */
  drop(): Promise<void> | undefined {
    this.#holders -= 1
    return this.#holders === 0 ? this.#onEnd() : undefined
  }

  /**
   * Never rejects: a failure becomes the reply that reports it. With a `refusal` the exchange was lost before it came
   * here: the hooks of `rewrite` and `access` still have their say, then that error is the answer.
   */
  async run(ctx: Exchange, refusal?: HttpError): Promise<Reply> {
    let reply: Reply
    try {
      let refused: Reply | undefined
      try {
        // The walks give promises only where a hook does; awaiting what is there already would cost a turn each.
        const early = this.#walk(this.#rewrite, 'rewrite', ctx, 0)
        refused = early instanceof Promise ? await early : early
      } finally {
        ctx.closeDirectory()
      }
      reply = refused ?? (await (ctx.get(joined) ?? this).#judge(ctx, refusal))
    } catch (error) {
      reply = this.#report(error, ctx)
    }
    try {
      reply = ctx.editReply(reply)
    } catch (error) {
      cancelBody(reply.body, 'gateway_error')
      reply = this.#report(error, ctx)
    }
    ctx.reply = reply
    return reply
  }

  /**
   * The log phase. Call once the reply has left or was given up; later calls do nothing. A promise only where a hook
   * gives one; fails in neither way.
   */
  settle(ctx: Exchange, outcome: Outcome, delivery: Delivery): Awaitable<void> {
    if (ctx.settled) return undefined
    ctx.settled = true
    ctx.outcome = outcome === 'complete' ? (ctx.outcome ?? outcome) : outcome
    ctx.delivery = delivery
    ctx.durationMs = ctx.clock.monotonic() - ctx.startedMonotonic
    cancelStrays(ctx, ctx.outcome)
    const later = ctx.get(joined)
    const links = later ? [...this.#log.filter((link) => !later.#logs(link)), ...later.#log] : this.#log
    let waiting: Promise<void>[] | undefined
    for (const link of links) {
      const pending = this.#logOne(link, ctx)
      if (pending) (waiting ??= []).push(pending)
    }
    if (!waiting) return later?.drop()
    return Promise.all(waiting).then(() => later?.drop())
  }

  /** Asks those of its hooks that judge who asks, and no others; `ctx` is an exchange of its own. Rejects with what one of them throws. */
  async admit(ctx: Exchange): Promise<void> {
    for (const step of [...this.#rewrite, ...this.#access]) {
      const { link, hooks, hook } = step
      if (!link.plugin.authenticates && !link.plugin.admits) continue
      const refused = link.direct ? await hook.call(hooks, ctx) : await whenReady(step, ctx)
      if (refused) throw new HttpError(refused.status, 'refused', `refused by ${link.plugin.name}`)
    }
  }

  /** Names of the plugins whose hooks run, by phase, in the order in which they run; in `proxy`, outermost first. */
  describe(): Record<Phase, string[]> {
    return {
      rewrite: this.#rewrite.map(({ link }) => shown(link)),
      access: this.#access.map(({ link }) => shown(link)),
      proxy: inProxyOrder(this.links).filter(({ instance }) => instance.hooks.proxy).map(shown),
      log: this.#log.map(shown),
    }
  }

  /** The access phase, and the proxy phase where that lets the exchange pass. */
  #judge(ctx: Exchange, refusal: HttpError | undefined): Awaitable<Reply> {
    const verdict = this.#walk(this.#access, 'access', ctx, 0)
    if (verdict instanceof Promise) return verdict.then((reply) => reply ?? this.#answerOr(refusal, ctx))
    return verdict ?? this.#answerOr(refusal, ctx)
  }

  #answerOr(refusal: HttpError | undefined, ctx: Exchange): Promise<Reply> {
    if (refusal) throw refusal
    return this.#answer(ctx)
  }

  /** The first reply, if any hook gives one. No promise as long as the hooks give none. */
  #walk(steps: readonly Step[], phase: 'rewrite' | 'access', ctx: Exchange, from: number): Awaitable<Reply | undefined> {
    for (let index = from; index < steps.length; index++) {
      const step = steps[index] as Step
      let result: Awaitable<Reply | void>
      try {
        result = step.link.direct ? step.hook.call(step.hooks, ctx) : whenReady(step, ctx)
      } catch (error) {
        throw stamp(error, step.link, phase, ctx)
      }
      if (result instanceof Promise) return this.#resume(result, steps, phase, ctx, index)
      if (result) return this.#refused(result, step.link, phase, ctx)
      const chain = ctx.consumer && phase === 'rewrite' ? this.#join(ctx, index) : undefined
      if (chain) return chain.#walk(chain.#restAfter(steps, index), phase, ctx, 0)
    }
    return undefined
  }

  async #resume(
    pending: Promise<Reply | void>,
    steps: readonly Step[],
    phase: 'rewrite' | 'access',
    ctx: Exchange,
    index: number,
  ): Promise<Reply | undefined> {
    const { link } = steps[index] as Step
    let result: Reply | void
    try {
      result = await pending
    } catch (error) {
      throw stamp(error, link, phase, ctx)
    }
    if (result) return this.#refused(result, link, phase, ctx)
    if (ctx.aborted) throw abandoned(ctx.aborted)
    const chain = ctx.consumer && phase === 'rewrite' ? this.#join(ctx, index) : undefined
    return chain ? chain.#walk(chain.#restAfter(steps, index), phase, ctx, 0) : this.#walk(steps, phase, ctx, index + 1)
  }

  /** The chain to go on with behind that step, held for the exchange; undefined where this one goes on. Consumers' plugins belong to routes: a 404 has none. */
  #join(ctx: Exchange, index: number): Chain | undefined {
    if (index < this.#joinsAt || !ctx.route) return undefined
    const chain = ctx.chainWithConsumer(this)
    if (!chain) return undefined
    chain.hold()
    ctx.set(joined, chain)
    return chain
  }

  /** What is left of the rewrite phase for an exchange that comes from those steps of the chain that this one was made of: nothing runs twice. */
  #restAfter(steps: readonly Step[], index: number): readonly Step[] {
    return (this.#rests[index] ??= this.#without(new Set(steps.slice(0, index + 1).map(({ link }) => nameOf(link)))))
  }

  #without(ran: ReadonlySet<string>): readonly Step[] {
    return this.#rewrite.filter(({ link }) => !ran.has(nameOf(link)))
  }

  #refused(result: unknown, link: Link, phase: Phase, ctx: Exchange): Reply {
    let reply: Reply
    try {
      reply = expectReply(result)
    } catch (error) {
      throw stamp(error, link, phase, ctx)
    }
    ctx.outcome ??= reply.status >= 400 ? 'refused' : 'complete'
    return dress(reply, link)
  }

  #report(thrown: unknown, ctx: Exchange): Reply {
    const error = thrown instanceof PluginError ? thrown : asHttpError(thrown)
    ctx.outcome = ctx.aborted ?? (error instanceof HttpError ? error.outcome : 'gateway_error')
    this.#host.report(error, ctx)
    let reply: Reply
    try {
      reply = this.#host.formatError(error, ctx)
    } catch (cause) {
      this.#host.report(asHttpError(cause), ctx)
      reply = plainError(error, ctx)
    }
    return dress(reply, sourceOf(error, ctx))
  }

  /** Whether this chain's log phase looks back with the same instance. */
  #logs({ instance }: Link): boolean {
    return this.#log.some((link) => link.instance === instance)
  }

  #logOne(link: Link, ctx: Exchange): Promise<void> | undefined {
    const failed = (error: unknown): void => this.#host.report(stamp(error, link, 'log', ctx), ctx)
    try {
      if (!wasWanted(link, ctx)) return undefined
      const pending = link.instance.hooks.log?.(ctx)
      return pending instanceof Promise ? pending.catch(failed) : undefined
    } catch (error) {
      failed(error)
      return undefined
    }
  }
}

function stepOf(link: Link, hook: Step['hook'] | undefined): Step[] {
  return hook ? [{ link, hooks: link.instance.hooks, hook }] : []
}

async function whenReady({ link, hooks, hook }: Step, ctx: Exchange): Promise<Reply | void> {
  return (await isReady(link, ctx)) ? hook.call(hooks, ctx) : undefined
}

function shown({ plugin, scope }: Link): string {
  return scope === 'global' ? `${plugin.name} (global)` : plugin.name
}

/** A plugin name, once per list: a global rule's is not the route's. */
function nameOf(link: Link): string {
  return `${link.scope} ${link.plugin.name}`
}

/** What ends a chain that was given up: because its client is gone, and then nobody reads it, or because the gateway stops. */
export function abandoned(reason: Outcome): HttpError {
  if (reason === 'gateway_error') return new HttpError(503, 'gateway_stopped', 'the gateway was stopped before the answer was there', { outcome: reason })
  return new HttpError(499, 'client_closed_request', 'the client closed the request', { outcome: reason })
}
