import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { bytesSource, Exchange, headerMap, HttpError, RequestBody, type Logger } from '@sluice/kernel'
import { answerOf } from './answer-of.ts'
import { isDropping } from './drop-rest.ts'
import { plainAddress } from './request-of.ts'

interface ParserError extends Error {
  readonly code?: string
  readonly reason?: string
}

/** Of a request that did not arrive within the server's `headersTimeout` and `requestTimeout`. */
const late = 'ERR_HTTP_REQUEST_TIMEOUT'

const answers: Readonly<Record<string, readonly [status: number, reason: string, text: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'the request headers are too large'],
  [late]: [408, 'Request Timeout', 'the request did not arrive in time'],
  NO_TUNNEL: [405, 'Method Not Allowed', 'no tunnels are opened here'],
}

/** Milliseconds that a client gets to take the answer and to close its side. */
const closeGraceMs = 5_000
const refused = new WeakSet<Socket>()

/** Somebody asked for a tunnel, with CONNECT. */
export class NoTunnelError extends Error {
  override readonly name = 'NoTunnelError'
  readonly code = 'NO_TUNNEL'
}

/** Answers a request that Node's parser refused, or that it hands out for others to answer, and gives it a line in the log like any other. */
export function rejectedRequest(error: ParserError, duplex: Duplex, log: Logger, onSettled: (ctx: Exchange) => void): void {
  const socket = duplex as Socket
  socket.on('error', () => {}) // Node has let go of it, and nobody is left to be told
  // A reset or a hang-up is nothing that anybody asked for; what follows a request that was refused is part of it.
  if (!/^(?:HPE_|ERR_HTTP_|NO_TUNNEL)/.test(error.code ?? '') || refused.has(socket)) return void socket.destroy()
  const answering = answerOf(socket)
  // It broke in the body of a request that has its exchange already, and its line.
  if (isDropping(socket)) return void socket.destroy()
  if (answering && !answering.req.complete) {
    if (error.code !== late || !tellReader(answering)) socket.destroy()
    return
  }
  // A connection that was opened in advance, and of which nothing came.
  if (error.code === late && socket.bytesRead === 0) return void socket.destroy()
  refused.add(socket)
  const [status, phrase, text] = answers[error.code ?? ''] ?? [400, 'Bad Request', 'the request is not valid HTTP']
  const ctx = new Exchange({
    id: randomUUID(),
    log,
    request: {
      method: '',
      path: '',
      uri: '',
      query: '',
      headers: headerMap(),
      body: new RequestBody(bytesSource(Buffer.alloc(0)), 0),
      scheme: 'http',
      httpVersion: '1.1',
      remoteAddress: plainAddress(socket.remoteAddress ?? ''),
      remotePort: socket.remotePort ?? 0,
      serverAddress: plainAddress(socket.localAddress ?? ''),
      serverPort: socket.localPort ?? 0,
    },
  })
  ctx.log.info({ code: error.code, reason: error.reason }, text)
  const body = JSON.stringify({ error_msg: text, message: text })
  const head = `HTTP/1.1 ${status} ${phrase}\r\nconnection: close\r\ncontent-type: application/json\r\nx-sluice-request-id: ${ctx.id}\r\ncontent-length: ${body.length}\r\n\r\n`
  // An answer that is under way cannot be followed by another one.
  const isIdle = socket.writable && !answering
  if (isIdle) socket.setTimeout(closeGraceMs, () => socket.destroy()).end(head + body)
  else socket.destroy()
  ctx.outcome = 'refused'
  ctx.durationMs = ctx.clock.monotonic() - ctx.startedMonotonic
  ctx.delivery = isIdle
    ? { status, headerBytes: head.length, bodyBytes: body.length }
    : { status: 499, headerBytes: 0, bodyBytes: 0 }
  onSettled(ctx)
}

/** Whoever waits for the rest of the body hears that it comes too late. False: nobody does, or the answer has begun without it. */
function tellReader(answer: ServerResponse): boolean {
  const { req } = answer
  if (answer.headersSent || req.listenerCount('error') === 0) return false
  answer.shouldKeepAlive = false
  req.emit('error', new HttpError(408, 'request_timeout', 'the request body did not arrive in time'))
  return true
}
