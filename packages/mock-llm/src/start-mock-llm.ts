import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { answerer } from './answerer.ts'
import { noFixtures, openFixtures } from './fixtures.ts'
import { scriptProblem, type Script } from './script.ts'
import { seenRequests, type SeenRequest } from './seen-requests.ts'
import { serve, type Mock } from './serve.ts'

export interface MockOptions {
  /** 127.0.0.1 unless given. */
  readonly host?: string
  /** 0, the default, takes a free one. */
  readonly port?: number
  /** How fast streams come; 0, the default, is as fast as possible. */
  readonly tokensPerSecond?: number
  /** How long every answer thinks, in milliseconds; 0 unless given. */
  readonly firstTokenMs?: number
  /** A folder with `manifest.json` and the files that it names, for scripts with `fixture`. */
  readonly fixtures?: string
  /** How many requests `requests` keeps; 256 unless given. */
  readonly keepRequests?: number
  /** Told a line about every request, without query, headers or body. */
  readonly log?: (line: string) => void
}

export interface MockLlm {
  /** Such as `http://127.0.0.1:9100`. */
  readonly url: string
  readonly port: number
  /** The latest requests, oldest first. */
  readonly requests: readonly SeenRequest[]
  /** Scripts the next answers, one each. Throws a `TypeError` that says what is wrong with a script. */
  script(...scripts: Script[]): void
  /** Forgets scripts and requests. */
  reset(): void
  /** The n-th request since the start or the last `reset`, 1 unless given, once it is there. */
  waitForRequest(n?: number): Promise<SeenRequest>
  /** Breaks off what runs, and ends. */
  close(): Promise<void>
}

/** Idle connections stay longer than clients keep them, so that it is never the mock who closes first. */
const keepAliveTimeout = 120_000

const maxScripts = 10_000
const maxKeptBytes = 67_108_864

/** Starts a provider that needs no key. Rejects where the address is taken or the folder has no manifest. */
export async function startMockLlm(options: MockOptions = {}): Promise<MockLlm> {
  const { host = '127.0.0.1', port = 0, tokensPerSecond = 0, firstTokenMs = 0 } = options
  const scripts: Script[] = []
  const mock: Mock = {
    answer: answerer({ created: Math.floor(Date.now() / 1_000) }),
    nextScript: () => scripts.shift(),
    cadence: { tokensPerSecond, firstTokenMs },
    fixtures: options.fixtures === undefined ? noFixtures : await openFixtures(options.fixtures),
    seen: seenRequests({ count: options.keepRequests ?? 256, bytes: maxKeptBytes }),
    log: options.log,
    requests: 0,
    closing: false,
  }
  const server = createServer({ keepAliveTimeout, maxHeaderSize: 65_536 }, (req, res) =>
    serve(req, { res, mock }),
  )
  server.maxConnections = 20_000
  server.on('connection', (socket: Socket) => {
    if (!scripts[0]?.resetOnAccept) return
    scripts.shift()
    socket.resetAndDestroy()
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  const address = server.address() as AddressInfo

  return {
    url: `http://${urlHost(host)}:${address.port}`,
    port: address.port,
    requests: mock.seen.list,
    script(...added) {
      const problem = added.map(scriptProblem).find((one) => one !== undefined)
      if (problem !== undefined) throw new TypeError(`the script is wrong: ${problem}`)
      if (scripts.length + added.length > maxScripts)
        throw new TypeError(`more than ${maxScripts} scripts are waiting`)
      scripts.push(...added)
    },
    reset() {
      scripts.length = 0
      mock.seen.clear('the mock was reset')
    },
    waitForRequest: (n = 1) => mock.seen.wait(n),
    close() {
      mock.closing = true
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      server.closeAllConnections()
      mock.seen.clear('the mock was closed')
      return promise
    },
  }
}

/** What listens everywhere is reached at home. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
