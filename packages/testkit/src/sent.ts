import { slot, type Exchange } from '@sluice/kernel'
import { received } from './exchange-of.ts'

/** An OpenAI chat request, as far as tests look at it. */
export interface SentChat {
  readonly model?: string
  readonly messages: readonly { readonly role: string; readonly content: unknown; readonly [member: string]: unknown }[]
  readonly stream?: boolean
  readonly [member: string]: unknown
}

/** A request's body as the rewrite phase left it. */
export class Sent {
  static readonly slot = slot<Sent>('testkit.sent')

  readonly bytes: Buffer
  #parsed: unknown

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  /** The body as it is now; where no plugin has read it, it goes on as the client sent it. */
  static of(ctx: Exchange): Sent {
    const { body } = ctx.request
    return new Sent(Buffer.from(body.isRead ? body.bytes : (ctx.get(received) ?? '')))
  }

  get text(): string {
    return this.bytes.toString('utf8')
  }

  /** The body parsed, on first use. Throws where it is no JSON. */
  get json(): unknown {
    return (this.#parsed ??= JSON.parse(this.text))
  }

  /** The same, as a chat. */
  get chat(): SentChat {
    return this.json as SentChat
  }
}
