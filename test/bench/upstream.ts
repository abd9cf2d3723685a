import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chatAnswer, chatEvents, embeddingsAnswer } from './answers.ts'
import { answerHeaders, chatPath, embeddingsPath, heldEvents, heldUser, messagesPath } from './wire.ts'

// The provider behind every target: answers with constants, as fast as `node:http` can.
// Started with `fork`: port (0: any), pieces of text of a stream, milliseconds between its events.

/** What the provider saw of its last request; sent to the parent when that asks with `last`. */
export interface Seen {
  readonly path: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

const [port = 0, pieces = 75, gapMs = 20] = process.argv.slice(2).map(Number)

const json = 'application/json'
const chatHead = answerHeaders(json, chatAnswer.byteLength)
const embeddingsHead = answerHeaders(json, embeddingsAnswer.byteLength)
const streamHead = answerHeaders('text/event-stream; charset=utf-8')
const plainEvents = chatEvents(pieces, false)
const countedEvents = chatEvents(pieces, true)
/** A body beyond this does not ask for a stream, in this benchmark: it need not be searched. */
const searchedBytes = 8192

let last: { req: IncomingMessage; body: Buffer[] } | undefined

const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (req, res) => {
  const body: Buffer[] = []
  let length = 0
  req.on('data', (chunk: Buffer) => {
    body.push(chunk)
    length += chunk.byteLength
  })
  req.on('end', () => {
    last = { req, body }
    answer(req.url ?? '', length <= searchedBytes ? body.map(String).join('') : '', res)
  })
})

function answer(path: string, start: string, res: ServerResponse): void {
  if (path === embeddingsPath) res.writeHead(200, embeddingsHead).end(embeddingsAnswer)
  // What a gateway translates comes as a chat; the pipe passes on whatever there is.
  else if (path !== chatPath && path !== messagesPath) res.writeHead(404, answerHeaders(json, 2)).end('{}')
  else if (!/"stream"\s*:\s*true/.test(start)) res.writeHead(200, chatHead).end(chatAnswer)
  else if (start.includes(heldUser)) hold(res)
  else stream(res, /"include_usage"\s*:\s*true/.test(start) ? countedEvents : plainEvents)
}

/** One event a write, in its own packet, until the last three, which a provider sends at once. */
function stream(res: ServerResponse, events: readonly Buffer[]): void {
  res.writeHead(200, streamHead)
  let at = 0
  const timer = setInterval(() => {
    res.write(events[at])
    at += 1
    if (at <= pieces) return
    clearInterval(timer)
    res.end(Buffer.concat(events.slice(at)))
  }, gapMs)
  res.once('close', () => clearInterval(timer))
}

/** Begins a stream, one event a write, and leaves it open. */
function hold(res: ServerResponse): void {
  res.writeHead(200, streamHead)
  let at = 0
  const timer = setInterval(() => {
    res.write(plainEvents[at])
    at += 1
    if (at === heldEvents) clearInterval(timer)
  }, gapMs)
  res.once('close', () => clearInterval(timer))
}

function lastSeen(): Seen | undefined {
  return last && { path: last.req.url ?? '', headers: last.req.headers, body: Buffer.concat(last.body).toString() }
}

server.listen(port, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('message', () => process.send?.({ seen: lastSeen() }))
process.on('disconnect', () => process.exit())
