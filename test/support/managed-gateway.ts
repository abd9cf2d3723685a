import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Done } from '../../packages/cli/test/support/in-process.ts'
import { startCommandLine, type CommandLine } from './command-line.ts'
import { temporaryFolder } from './program.ts'
import type { TestOptions } from './start-gateway.ts'

/** A gateway whose program has files, perhaps with somebody between it and the Admin API. */
export interface ManagedGateway extends CommandLine {
  /** Runs `config sync` with a file that holds this; an object as JSON. */
  sync(content: string | object, ...args: readonly string[]): Promise<Done>
  /** Writes a file; gives its path. */
  file(name: string, content: string | object): Promise<string>
  /** Asks the Admin API itself; gives what it answers. */
  admin(method: string, path: string, body?: unknown): Promise<unknown>
}

export interface ManagedOptions extends TestOptions {
  /** Stands between the program and the Admin API. */
  readonly through?: ((server: string) => Promise<PassingServer>) | undefined
}

export async function managedGateway({ through, ...options }: ManagedOptions = {}): Promise<ManagedGateway & { readonly front: PassingServer | undefined }> {
  const started = await startCommandLine({}, options)
  const front = await through?.(started.server)
  const folder = await temporaryFolder()
  const sluice: CommandLine['sluice'] = (args, shell = {}) => started.sluice(args, { ...shell, env: { ...(front && { SLUICE_SERVER: front.url }), ...shell.env } })
  const file: ManagedGateway['file'] = async (name, content) => {
    const path = join(folder, name)
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2))
    return path
  }
  return {
    ...started,
    front,
    sluice,
    file,
    sync: async (content, ...args) => sluice(['config', 'sync', '-f', await file('config.yaml', content), ...args]),
    async admin(method, path, body) {
      const response = await fetch(`${started.server}${path.startsWith('/api/') ? '' : '/apisix/admin'}${path}`, { method, headers: { 'x-api-key': started.token }, ...(body !== undefined && { body: JSON.stringify(body) }) })
      const text = await response.text()
      return text === '' ? undefined : JSON.parse(text)
    },
  }
}

/** What a server between the program and the Admin API sees. */
export interface Passed {
  readonly method: string
  /** With its query. */
  readonly url: string
}

export interface PassingServer {
  readonly url: string
  readonly passed: readonly Passed[]
  /** The most that were under way at one time. */
  readonly mostAtOnce: number
}

/** Passes requests on, one after the other as they come. `answer`: what is answered in its place, or nothing once it has waited. */
export async function passingServer(server: string, answer: (passed: Passed) => Promise<{ status: number; body: object } | undefined> | { status: number; body: object } | undefined): Promise<PassingServer> {
  const passed: Passed[] = []
  const counts = { now: 0, most: 0 }
  const front = createServer(async (req, res) => {
    const { method = '', url = '', headers } = req
    passed.push({ method, url })
    counts.most = Math.max(counts.most, ++counts.now)
    const pieces: Buffer[] = []
    for await (const piece of req) pieces.push(piece as Buffer)
    const own = await answer({ method, url })
    if (own) {
      counts.now -= 1
      return void res.writeHead(own.status, { 'content-type': 'application/json' }).end(JSON.stringify(own.body))
    }
    const { host: _host, connection: _connection, ...rest } = headers
    const response = await fetch(`${server}${url}`, { method, headers: rest as Record<string, string>, ...(pieces.length > 0 && { body: Buffer.concat(pieces) }) })
    const { etag, 'x-api-version': version } = Object.fromEntries(response.headers)
    const text = await response.text()
    counts.now -= 1
    return void res.writeHead(response.status, { 'content-type': 'application/json', ...(etag && { etag }), ...(version && { 'x-api-version': version }) }).end(text)
  }).listen(0, '127.0.0.1')
  await once(front, 'listening')
  onTestFinished(async () => {
    front.closeAllConnections()
    await new Promise((resolve) => front.close(resolve))
  })
  return {
    url: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
    passed,
    get mostAtOnce() {
      return counts.most
    },
  }
}

/** An Admin API that takes resources one by one alone, as APISIX does. */
export function withoutConfigs(server: string): Promise<PassingServer> {
  return passingServer(server, ({ url }) => (/^\/apisix\/admin\/configs\b/.test(url) ? { status: 404, body: { error_msg: 'Unsupported resource type: configs' } } : undefined))
}
