import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import type { Listen } from '@sluice/config'

export interface Address {
  readonly host: string
  readonly port: number
}

/** Rejects where the port is taken, or the address is none of this machine. */
export async function listenOn(server: Server, { host, port }: Listen): Promise<void> {
  server.listen(port, host)
  await once(server, 'listening')
}

/** Resolves once it listens no longer and its connections have ended. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}

/** Where it listens; the port is known even where the file says 0. */
export function addressOf(server: Server, configured: Listen): Address {
  const address = server.address() as AddressInfo | null
  return { host: configured.host, port: address?.port ?? configured.port }
}
