import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A way to an endpoint that can be cut, and mended again. */
export interface Cuttable {
  readonly endpoint: string
  /** Ends all connections, and takes no new ones. */
  cut(): void
  mend(): void
}

/** Leads to `target`, such as `http://127.0.0.1:2379`, until the test ends. */
export async function cuttable(target: string): Promise<Cuttable> {
  const { hostname, port, protocol } = new URL(target)
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((client) => {
    if (isCut) return void client.destroy()
    const other = connect(Number(port), hostname)
    for (const [from, to] of [
      [client, other],
      [other, client],
    ] as const) {
      sockets.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(() => {
    cut()
    server.close()
  })
  return { endpoint: `${protocol}//127.0.0.1:${(server.address() as AddressInfo).port}`, cut, mend: () => void (isCut = false) }
}
