import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { bytesSource, Exchange, headerMap, RequestBody, type Logger } from '@sluice/kernel'
import { isDropping } from './drop-rest.ts'
import { plainAddress } from './request-of.ts'

interface ParserError extends Error {
  readonly code?: string
  readonly reason?: string
}

const answers: Readonly<Record<string, readonly [status: number, reason: string, text: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'the request headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'the request did not arrive in time'],
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
  if (isDropping(socket) || (answering && !answering.req.complete)) return void socket.destroy()
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

/** The answer that Node has begun on this connection: https://nodejs.org/api/http.html#event-clienterror. */
export function answerOf(socket: Socket): ServerResponse | undefined {
  const { _httpMessage: message } = socket as Socket & { _httpMessage?: ServerResponse | null }
  return message ?? undefined
}
