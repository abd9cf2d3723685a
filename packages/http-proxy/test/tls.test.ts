import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { once } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { portOf, startGateway } from './gateway.ts'
import { ask } from './upstream.ts'

const pem = (name: string): Buffer => readFileSync(new URL(`fixtures/${name}.pem`, import.meta.url))

async function startTls(names: unknown[]): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer({ cert: pem('cert'), key: pem('key') }, (req, res) => {
    names.push((req.socket as TLSSocket & { servername?: unknown }).servername)
    res.end('secret')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

test('speaks TLS, with the name of the host that it asks for', async () => {
  const names: unknown[] = []
  await using upstream = await startTls(names)
  const nodes = [{ host: '127.0.0.1', port: upstream.port, weight: 1 }]
  await using gateway = await startGateway({ nodes, scheme: 'https', pass_host: 'rewrite', upstream_host: 'node.test' })
  expect((await ask(gateway.port)).body.toString()).toBe('secret')
  expect(names).toEqual(['node.test'])
  expect(gateway.settled[0]?.upstream?.scheme).toBe('https')
})

test('refuses a certificate that nobody vouches for, where it is to be verified', async () => {
  await using upstream = await startTls([])
  const nodes = [{ host: '127.0.0.1', port: upstream.port, weight: 1 }]
  await using gateway = await startGateway({ nodes, scheme: 'https', tls: { verify: true } })
  const { status, body } = await ask(gateway.port)
  expect([status, body.toString()]).toEqual([502, expect.stringContaining('the upstream failed the TLS handshake')])
})

test('says that the other side does not speak TLS', async () => {
  await using plain = await startGateway({ nodes: [] })
  await using gateway = await startGateway({ nodes: [{ host: '127.0.0.1', port: plain.port, weight: 1 }], scheme: 'https' })
  const { status, body } = await ask(gateway.port)
  expect([status, body.toString()]).toEqual([502, expect.stringContaining('the upstream failed the TLS handshake')])
})
