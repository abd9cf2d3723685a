import { awaitsEvents, commentFor } from '@sluice/ai-core'
import { headerMap, type Exchange, type HeaderMap } from '@sluice/kernel'
import type { ReplyWriter } from './reply-writer.ts'

/** What every stream of events is sent with: https://html.spec.whatwg.org/multipage/server-sent-events.html */
const head = [
  ['content-type', 'text/event-stream; charset=utf-8'],
  ['cache-control', 'no-cache'],
  ['x-accel-buffering', 'no'],
] as const

/**
 * Says to a client that waits for a stream, again and again, that it is still waited for: proxies in between close what
 * is silent. The first time sends the head, so that whatever fails from then on is told in the stream.
 */
export class StreamKeepalive {
  readonly #ctx: Exchange
  readonly #writer: ReplyWriter
  readonly #timer: NodeJS.Timeout

  constructor(ctx: Exchange, writer: ReplyWriter, everyMs: number) {
    this.#ctx = ctx
    this.#writer = writer
    this.#timer = setInterval(() => this.#speak(), everyMs)
  }

  /** The exchange is over. */
  stop(): void {
    clearInterval(this.#timer)
  }

  #speak(): void {
    const { state } = this.#writer
    if (state === 'body') return this.stop()
    // A binary stream has no comments.
    const comment = commentFor(this.#ctx)
    if (!comment) return
    if (state === 'silent') this.#writer.comment(comment)
    else if (!this.#ctx.aborted && awaitsEvents(this.#ctx)) this.#begin(comment)
  }

  #begin(comment: Buffer): void {
    try {
      this.#writer.beginEvents(this.#head(), comment)
    } catch (err) {
      this.#ctx.log.error({ err }, 'the head of the stream could not be sent ahead of it')
      this.stop()
    }
  }

  /** Whatever is registered for replies edits this one, too: a browser reads no stream without its CORS headers. */
  #head(): HeaderMap {
    return this.#ctx.editReply({ status: 200, headers: headerMap(head), body: null }).headers
  }
}
