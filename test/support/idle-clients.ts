// A process of its own: node idle-clients.ts <port> <count>. Opens connections that then do nothing, says how many stand, and when one is closed.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const [port = 0, count = 0] = process.argv.slice(2).map(Number)
const sockets: Socket[] = []
/** Connections that are made at once: a listener's queue is short. */
const abreast = 200

async function open(asks: boolean): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  await once(socket, 'connect')
  socket.on('close', () => process.stdout.write('one was closed\n')).on('error', () => {})
  if (!asks) return
  socket.write('GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n')
  await once(socket, 'data')
}

for (let at = 0; at < count; at += abreast) {
  const many = Math.min(abreast, count - at)
  // Every tenth has had an answer, and is kept for the next request; the rest never asked for anything.
  await Promise.all(Array.from({ length: many }, (_, index) => open(index % 10 === 0)))
  process.stdout.write(`${sockets.length} stand\n`)
}
