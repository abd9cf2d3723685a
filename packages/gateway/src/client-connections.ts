import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Logger } from '@sluice/kernel'
import { answerOf } from './answer-of.ts'

/** Milliseconds between two lines in the log that say the same. */
const sayAgainMs = 60_000

/**
 * Bounds the connections that clients hold open: one too many closes the oldest that waits for a request, those that
 * never had one first, so that whoever only opens connections cannot keep others out. Where all are at work, the new one goes.
 * Gives those that are open.
 */
export function boundConnections(server: Server, most: () => number, log: Logger): ReadonlySet<Socket> {
  const open = new Set<Socket>() // in the order in which they were made
  let saidAt = -Infinity
  const say = (limit: number): void => {
    if (performance.now() - saidAt < sayAgainMs) return
    saidAt = performance.now()
    log.warn({ max_connections: limit }, 'clients hold more connections than gateway.max_connections: one was closed')
  }
  server.on('connection', (socket: Socket) => {
    const limit = most()
    if (open.size >= limit) {
      const spare = oldest(open, (one) => !answerOf(one) && one.bytesWritten === 0) ?? oldest(open, (one) => !answerOf(one)) ?? socket
      open.delete(spare)
      spare.destroy()
      say(limit)
      if (spare === socket) return
    }
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return open
}

function oldest(open: ReadonlySet<Socket>, isIt: (socket: Socket) => boolean): Socket | undefined {
  for (const socket of open) if (isIt(socket)) return socket
  return undefined
}
