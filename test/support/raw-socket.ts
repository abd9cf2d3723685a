import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A connection to the gateway, for bytes that no HTTP client would send. It is open already. */
export async function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.on('error', () => {}) // a reset is one of the things that may be expected; what came before it counts
  return socket
}

/** Sends bytes as they are and reads until the other side closes. */
export async function sendBytes(url: string, bytes: string | Buffer): Promise<string> {
  const socket = await openSocket(url)
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  socket.write(bytes)
  await once(socket, 'close')
  return text
}

/** Asks for a path as it is spelled, dots and all; headers are lines. Gives the status and the body. */
export async function askPath(
  url: string,
  path: string,
  headers: readonly string[] = [],
): Promise<{ status: number; body: string }> {
  const head = [`GET ${path} HTTP/1.1`, 'host: test', 'connection: close', ...headers]
  const text = await sendBytes(url, `${head.join('\r\n')}\r\n\r\n`)
  return { status: Number(text.slice(9, 12)), body: text.slice(text.indexOf('\r\n\r\n') + 4) }
}
