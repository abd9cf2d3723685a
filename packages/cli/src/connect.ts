import type { AdminClient, AdminClientInit } from './admin-client.ts'
import type { Connection } from './connection.ts'

/** A client for a server, with what it needs loaded: commands that ask no server start without. */
export async function connect(connection: Connection, init: AdminClientInit): Promise<AdminClient> {
  const { AdminClient: Client } = await import('./admin-client.ts')
  return new Client(connection, init)
}
