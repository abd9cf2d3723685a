import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { aiProxy } from '@sluice/ai-proxy'
import { checkDocument, type Env, type Memo } from '@sluice/config'
import { definePlugin, Kernel, silent, Type, type Logger, type Plugin } from '@sluice/kernel'
import { httpProxy } from '@sluice/http-proxy'
import { openai } from '@sluice/provider-openai'
import { MemoryBackend, Store, type Backend, type GroupState, type Judge } from '@sluice/store'
import { onTestFinished } from 'vitest'
import { createAdmin, type AdminKey, type AdminOptions } from '../../src/index.ts'

export const adminKey = 'admin-key-of-this-test'

/** An authenticating plugin, as consumers write it. */
const keyAuth = definePlugin({
  name: 'key-auth',
  priority: 2500,
  authenticates: true,
  schema: Type.Object({ header: Type.Optional(Type.String()) }, { additionalProperties: false }),
  consumerSchema: Type.Object({ key: Type.String({ secret: true }) }, { additionalProperties: false }),
  credentialKey: (config) => (config as { key: string }).key,
  metadataSchema: Type.Object({ realm: Type.Optional(Type.String()), token: Type.Optional(Type.String({ secret: true })) }, { additionalProperties: false }),
  setup: () => ({}),
})

/** A plugin with secrets in a list of named elements, as instances are. */
const relay = definePlugin({
  name: 'relay',
  priority: 10,
  schema: Type.Object({ to: Type.Array(Type.Object({ name: Type.String(), token: Type.String({ secret: true }) })) }, { additionalProperties: false }),
  setup: () => ({}),
})

/** Whatever JSON says. */
export type Loose = ReturnType<typeof JSON.parse>

export interface Answered {
  readonly status: number
  readonly headers: Headers
  /** Parsed where it is JSON, else as text. */
  readonly body: Loose
}

export interface AdminWorld {
  /** Such as `http://127.0.0.1:41234`. */
  readonly url: string
  readonly store: Store
  /** Everything that was logged. */
  readonly lines: readonly LogLine[]
  /** Sends a request with the admin key; `body` as JSON unless it is text. */
  ask(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answered>
}

export type LogLine = Readonly<Record<string, unknown>>

export interface AdminWorldInit extends Partial<Omit<AdminOptions, 'store' | 'kernel'>> {
  readonly backend?: Backend
  readonly plugins?: readonly Plugin[]
  readonly keys?: readonly AdminKey[]
}

/** The Admin API over a store in memory, on a port of its own. */
export async function startAdmin({ backend = new MemoryBackend(), plugins = [], env = () => undefined, ...options }: AdminWorldInit = {}): Promise<AdminWorld> {
  const lines: LogLine[] = []
  const kernel = new Kernel({ plugins: [httpProxy(), aiProxy({ providers: [openai] }), keyAuth, relay, ...plugins], log: silent, unsupported: ['limit-count'] })
  const store = new Store({ backend, judge: judgeOf(kernel, env), log: silent })
  const keys: readonly AdminKey[] = [{ name: 'owner', key: adminKey, role: 'admin' }]
  const app = createAdmin({ store, kernel, env, keys, log: recorder(lines), version: '1.2.3', ...options })
  const server = createServer(app.callback()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await store.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    store,
    lines,
    async ask(method, path, body, headers = {}) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { 'x-api-key': adminKey, ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, headers: response.headers, body: readable(text) }
    },
  }
}

function readable(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** As the gateway judges: every resource, with what it refers to. */
function judgeOf(kernel: Kernel, env: Env): Judge {
  const memos = new WeakMap<GroupState, Memo>()
  return {
    async check(next, base) {
      const { issues, memo } = await checkDocument(next, { kernel, env, memo: memos.get(base) })
      if (memo) memos.set(next, memo)
      return issues
    },
    serve: async () => {},
  }
}

function recorder(lines: LogLine[]): Logger {
  const record = (fields: object, message?: string): void => void lines.push({ ...fields, message })
  const log: Logger = { debug: record, info: record, warn: record, error: record, child: () => log }
  return log
}

