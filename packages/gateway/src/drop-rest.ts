import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** Milliseconds for which a client may go on sending a request that has its answer. */
const graceMs = 30_000
const dropping = new WeakSet<Socket>()

/** Whether what comes on a connection belongs to a request that has its answer already. */
export function isDropping(socket: Socket): boolean {
  return dropping.has(socket)
}

/**
 * Lets a client finish a request that has its answer: what it still sends is read and forgotten, for unread it would
 * keep the next request waiting. Who does not come to the end of it in time is cut off.
 */
export function dropRest(req: IncomingMessage): void {
  if (req.complete) return
  const { socket } = req
  const timer = setTimeout(() => socket.destroy(), graceMs)
  const isOver = (): void => {
    clearTimeout(timer)
    dropping.delete(socket)
    socket.off('close', isOver)
  }
  dropping.add(socket)
  socket.once('close', isOver)
  req.once('end', isOver).resume()
}
