import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { openChat, type ChatOptions, type OpenChat } from './chat.ts'

/** One streamed answer, told what to say and when. */
export interface HeldAnswer {
  say(content: string): void
  finish(): void
  /** Resolves when the connection to whoever asked has ended. */
  readonly closed: Promise<unknown>
}

export interface HeldUpstream {
  /** Such as `http://127.0.0.1:41234`. */
  readonly url: string
  /** The answer to the next request, as soon as that is there; its head has been sent. */
  next(): Promise<HeldAnswer>
}

/** A provider whose every streamed word waits for the test. It ends with the test. */
export async function startHeldUpstream(): Promise<HeldUpstream> {
  const arrived: HeldAnswer[] = []
  const waiting: ((answer: HeldAnswer) => void)[] = []
  const server = createServer((req, res) => {
    req.resume().on('end', () => {
      const answer = held(res)
      const taker = waiting.shift()
      if (taker) taker(answer)
      else arrived.push(answer)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next() {
      const answer = arrived.shift()
      return answer ? Promise.resolve(answer) : new Promise((resolve) => waiting.push(resolve))
    },
  }
}

/** A streamed chat through the gateway at `url`, as soon as `words` have come through; its head waits for the first of them. */
export async function openHeldChat(
  url: string,
  { upstream, words, options }: { upstream: HeldUpstream; words: string; options?: ChatOptions },
): Promise<{ stream: OpenChat; held: HeldAnswer }> {
  const opening = openChat(url, options)
  const answer = await upstream.next()
  answer.say(words)
  const stream = await opening
  await stream.until(words)
  return { stream, held: answer }
}

function held(res: ServerResponse): HeldAnswer {
  const closed = once(res, 'close')
  const send = (delta: object, reason: string | null): void => {
    const chunk = {
      id: 'held',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'held',
      choices: [{ index: 0, delta, finish_reason: reason }],
    }
    res.write(`data: ${JSON.stringify(chunk)}\n\n`)
  }
  res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  return {
    say: (content) => send({ content }, null),
    finish() {
      send({}, 'stop')
      res.end('data: [DONE]\n\n')
    },
    closed,
  }
}
