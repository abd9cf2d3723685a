import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const timeoutMs = 30_000

/**
 * Opens a connection, sends one request, and gives the connection when `events` events of the answer are here; after
 * that nobody reads it. Rejects with what came instead.
 */
export async function openStream({ hostname, port }: URL, request: Buffer, events: number): Promise<Socket> {
  const socket = connect({ host: hostname, port: Number(port || 80), noDelay: true })
  const received: Buffer[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const give = (problem: string): void => {
    reject(new Error(`${problem} behind ${JSON.stringify(Buffer.concat(received).toString().slice(0, 300))}`))
  }
  socket.setTimeout(timeoutMs, () => give(`no event within ${timeoutMs} ms`))
  socket.on('data', (chunk: Buffer) => {
    received.push(chunk)
    if (hasBegun(Buffer.concat(received).toString(), events)) resolve()
  })
  socket.on('error', (error) => give(error.message))
  socket.on('close', () => give('the connection was closed'))
  socket.write(request)
  try {
    await promise
    socket.setTimeout(0)
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

function hasBegun(received: string, events: number): boolean {
  return received.startsWith('HTTP/1.1 200 ') && received.split('data: {').length > events
}

/** Goes away, as a client does that is closed; resolves when the connection is gone. */
export async function leave(socket: Socket): Promise<void> {
  if (socket.closed) return
  const closed = once(socket, 'close')
  socket.destroy()
  await closed
}
