import { createHash, type Hash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'
import { smallAnswer, startUpstream, type Upstream } from './upstream.ts'

/** What went over the wire in one direction. */
export interface Digest {
  readonly bytes: number
  readonly sha256: string
}

export interface DigestedUpstream extends Upstream {
  /** Lets the stream that was, or will be, asked for by this name come to its end. */
  finish(name: string): void
  /** What was sent of a stream that has ended. */
  sent(name: string): Digest | undefined
}

/** Adds up bytes as they come. */
export class Digester {
  readonly #hash: Hash = createHash('sha256')
  #bytes = 0

  add(chunk: Uint8Array): void {
    this.#hash.update(chunk)
    this.#bytes += chunk.length
  }

  end(): Digest {
    return { bytes: this.#bytes, sha256: this.#hash.digest('base64') }
  }
}

/** Milliseconds between two rounds in which each open stream gets something with the odds of one in `every`. */
const roundMs = 50
const every = 10

/**
 * A provider of endless streams, named by the `user` of a chat: an event now and then, in one write or cut in two anywhere,
 * until the test says so. Chats without `stream` and everything else are answered at once. Ends with the test.
 */
export async function startDigestedUpstream(): Promise<DigestedUpstream> {
  const open = new Map<string, Stream>()
  const due = new Set<string>()
  const sent = new Map<string, Digest>()
  const upstream = await startUpstream((req, res) => {
    void answer(req, res, (name, stream) => {
      if (due.has(name)) sent.set(name, stream.finish())
      else open.set(name, stream)
    })
  })
  const rounds = setInterval(() => {
    for (const stream of open.values()) if (Math.random() * every < 1) stream.say()
  }, roundMs)
  onTestFinished(() => clearInterval(rounds))
  return {
    ...upstream,
    finish(name) {
      const stream = open.get(name)
      open.delete(name)
      if (stream) sent.set(name, stream.finish())
      else due.add(name)
    },
    sent: (name) => sent.get(name),
  }
}

async function answer(req: IncomingMessage, res: ServerResponse, begin: (name: string, stream: Stream) => void): Promise<void> {
  const body: Buffer[] = []
  for await (const chunk of req) body.push(chunk as Buffer)
  const text = Buffer.concat(body).toString()
  const { stream = false, user = '' } = text.startsWith('{') ? (JSON.parse(text) as { stream?: boolean; user?: string }) : {}
  if (stream) begin(user, new Stream(user, res))
  else if (text === '') res.writeHead(200, { 'content-type': 'text/plain' }).end('plain')
  else res.writeHead(200, { 'content-type': 'application/json' }).end(smallAnswer)
}

/** One answer, of which every event is another. */
class Stream {
  readonly #name: string
  readonly #res: ServerResponse
  readonly #digester = new Digester()
  #events = 0
  /** The end of an event whose beginning has left. */
  #rest: Buffer | undefined

  constructor(name: string, res: ServerResponse) {
    this.#name = name
    this.#res = res
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    this.say()
  }

  say(): void {
    if (this.#rest) return this.#flush()
    const n = this.#events++
    const event = this.#event({ choices: [{ index: 0, delta: { content: `${this.#name} ${n} ${'ä€𝄞 '.repeat(n % 17)}` }, finish_reason: null }] })
    const cut = n % 4 === 3 ? (n * 7) % event.length : event.length
    this.#rest = cut < event.length ? event.subarray(cut) : undefined
    return this.#send(event.subarray(0, cut))
  }

  finish(): Digest {
    if (this.#rest) this.#flush()
    this.#send(this.#event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }))
    this.#send(this.#event({ choices: [], usage: { prompt_tokens: 1, completion_tokens: this.#events, total_tokens: this.#events + 1 } }))
    this.#send(Buffer.from('data: [DONE]\n\n'))
    this.#res.end()
    return this.#digester.end()
  }

  #flush(): void {
    const rest = this.#rest
    this.#rest = undefined
    if (rest) this.#send(rest)
  }

  #event(members: object): Buffer {
    return Buffer.from(`data: ${JSON.stringify({ id: this.#name, object: 'chat.completion.chunk', created: 1, model: 'm', ...members })}\n\n`)
  }

  #send(bytes: Buffer): void {
    this.#digester.add(bytes)
    this.#res.write(bytes)
  }
}
