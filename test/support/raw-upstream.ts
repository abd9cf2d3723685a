import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** Says whatever it likes on a connection on which a whole request has come. */
export type Speaks = (socket: Socket, request: string) => void

export interface RawUpstream {
  /** Such as `http://127.0.0.1:41234`. */
  readonly url: string
  readonly port: number
  /** What it says from now on. */
  speaks: Speaks
  /** Requests that came so far. */
  readonly requests: string[]
  /** Connections that are open now. */
  open(): number
  close(): Promise<void>
}

/** A server that need not speak HTTP, for several tests. */
export async function openRawUpstream(speaks: Speaks = () => {}): Promise<RawUpstream> {
  const sockets = new Set<Socket>()
  const requests: string[] = []
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {}) // the gateway hangs up on most of what is said here
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
      for (let end = endOf(text); end !== -1; end = endOf(text)) {
        const request = text.slice(0, end)
        text = text.slice(end)
        requests.push(request)
        upstream.speaks(socket, request)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const upstream: RawUpstream = {
    url: `http://127.0.0.1:${port}`,
    port,
    speaks,
    requests,
    open: () => sockets.size,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      if (server.listening) await once(server, 'close')
    },
  }
  return upstream
}

/** The same; it ends with the test. */
export async function startRawUpstream(speaks?: Speaks): Promise<RawUpstream> {
  const upstream = await openRawUpstream(speaks)
  onTestFinished(() => upstream.close())
  return upstream
}

/** Where the first request ends in what came; -1 where it has not. */
function endOf(text: string): number {
  const head = text.indexOf('\r\n\r\n')
  if (head === -1) return -1
  if (/^transfer-encoding:/im.test(text.slice(0, head))) {
    const end = text.indexOf('\r\n0\r\n\r\n', head)
    return end === -1 ? -1 : end + 7
  }
  const length = Number(/^content-length: *(\d+)/im.exec(text.slice(0, head))?.[1] ?? 0)
  return text.length >= head + 4 + length ? head + 4 + length : -1
}

/** Writes a piece again and again until `bytes` were written or the other side is gone; no faster than it is taken. */
export function pour(socket: Socket, piece: string | Buffer, bytes = Infinity, atEnd: () => void = () => {}): void {
  let left = bytes
  const on = (): void => {
    while (left > 0 && !socket.destroyed) {
      left -= piece.length
      if (!socket.write(piece)) return void socket.once('drain', on)
    }
    if (!socket.destroyed) atEnd()
  }
  on()
}
