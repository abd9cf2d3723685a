import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { answerOf } from './answer-of.ts'
import { within } from './within.ts'

/** Milliseconds between two looks at what still holds a drain. */
const lookMs = 50
/** Milliseconds that the head of a request may take to come in once the gateway drains: enough for a packet that was lost. */
const headGraceMs = 2_000
/** Milliseconds for which a request that has its exchange may stand still on its way in. */
const bodyGraceMs = 5_000

interface Standstill {
  readonly since: number
  readonly bytesRead: number
}

/**
 * Lets exchanges that run on a server's `open` connections come to their end, and everyone else go. False: some are
 * still there when the time, in milliseconds, is up.
 */
export async function drainConnections(server: Server, open: ReadonlySet<Socket>, timeoutMs: number): Promise<boolean> {
  const stalled = new WeakMap<Socket, Standstill>()
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = (): void => {
    // One that is kept alive becomes idle only when its exchange has ended, and would then wait for a request.
    server.closeIdleConnections()
    const now = performance.now()
    for (const socket of open) if (isDue(socket, stalled, now)) socket.destroy()
    if (open.size === 0) resolve()
  }
  const timer = setInterval(look, lookMs)
  look()
  const inTime = await within(timeoutMs, promise)
  clearInterval(timer)
  return inTime
}

/** Whether a connection must go because nobody knows if its request will ever be whole. */
function isDue(socket: Socket, stalled: WeakMap<Socket, Standstill>, now: number): boolean {
  const answer = answerOf(socket)
  if (!answer) return hasStood(socket, stalled, { now, bytesRead: 0, graceMs: headGraceMs })
  const { req } = answer
  // What was received and waits here to be read is not the client's delay.
  if (req.complete || answer.headersSent || req.readableLength > 0) return false
  return hasStood(socket, stalled, { now, bytesRead: socket.bytesRead, graceMs: bodyGraceMs })
}

/** Whether that many bytes are all that there were for the time, in milliseconds. */
function hasStood(
  socket: Socket,
  stalled: WeakMap<Socket, Standstill>,
  { now, bytesRead, graceMs }: { now: number; bytesRead: number; graceMs: number },
): boolean {
  const before = stalled.get(socket)
  if (before?.bytesRead === bytesRead) return now - before.since > graceMs
  stalled.set(socket, { since: now, bytesRead })
  return false
}
