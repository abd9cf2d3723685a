import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Requests that may wait on one connection; nobody needs more, and each of them takes memory. */
const mostWaiting = 100
const waiting = new WeakMap<Socket, number>()

/**
 * Begins an exchange once those before it on its connection are over: a client may send its next request before it has
 * its answer. Never begins where the connection ends first; nobody is left to be served then.
 */
export function inTurn(res: ServerResponse, begin: () => void): void {
  // Node gives a response its socket when its turn has come.
  if (res.socket) return begin()
  const { socket } = res.req
  const ahead = waiting.get(socket) ?? 0
  if (ahead >= mostWaiting) return void socket.destroy()
  waiting.set(socket, ahead + 1)
  res.once('socket', () => {
    waiting.set(socket, (waiting.get(socket) ?? 1) - 1)
    begin()
  })
}
