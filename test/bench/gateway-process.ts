import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Place } from './gateway-config.ts'
import type { Guard } from './guard.ts'

const program = fileURLToPath(new URL('../../packages/gateway/src/main.ts', import.meta.url))
const startMs = 60_000
const stopMs = 40_000

export interface GatewayOptions {
  /** For its configuration, its log and what it prints. */
  readonly folder: string
  readonly upstream: string
  readonly guard: Guard
  /** For Node, before the program. */
  readonly execArgv?: readonly string[]
  toConfig(place: Place): object
}

/** The gateway under test: the program as users start it, with a file of its own. */
export class GatewayProcess {
  readonly pid: number
  readonly url: string
  readonly accessLog: string
  readonly #child: ChildProcess
  readonly #output: string

  private constructor(child: ChildProcess, { port, accessLog }: Place, output: string) {
    this.#child = child
    this.pid = child.pid ?? 0
    this.url = `http://127.0.0.1:${port}`
    this.accessLog = accessLog
    this.#output = output
  }

  /** Starts one in `folder` and waits until it is ready; throws with what it printed when it does not get there. */
  static async start({ folder, upstream, toConfig, guard, execArgv = [] }: GatewayOptions): Promise<GatewayProcess> {
    const place = { folder, port: await freePort(), statusPort: await freePort(), upstream, accessLog: join(folder, 'access.log') }
    const config = join(folder, 'gateway.yaml')
    // JSON is YAML.
    writeFileSync(config, JSON.stringify(toConfig(place)))
    const output = join(folder, 'output.txt')
    const out = openSync(output, 'w')
    const child = spawn(process.execPath, [...execArgv, program, 'start', '-c', config], {
      cwd: folder,
      stdio: ['ignore', out, out],
      env: { ...process.env, NODE_ENV: 'production' },
    })
    const gateway = new GatewayProcess(child, place, output)
    guard.add(gateway.pid)
    child.once('exit', () => guard.drop(gateway.pid))
    await gateway.#untilReady(`http://127.0.0.1:${place.statusPort}/readyz`)
    return gateway
  }

  /** What it printed last. */
  get printed(): string {
    return readFileSync(this.#output, 'utf8').slice(-4000)
  }

  /** Lets it drain and flush; throws when it does not end well by itself. */
  async stop(): Promise<void> {
    if (this.#hasEnded) throw new Error(`the gateway ended before its time:\n${this.printed}`)
    const exit = once(this.#child, 'exit') as Promise<[number | null]>
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopMs)
    const [code] = await exit
    clearTimeout(timer)
    if (code !== 0) throw new Error(`the gateway ended with ${code ?? 'a signal'}:\n${this.printed}`)
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  async #untilReady(url: string): Promise<void> {
    const deadline = performance.now() + startMs
    while (performance.now() < deadline) {
      if (this.#hasEnded) throw new Error(`the gateway did not start:\n${this.printed}`)
      if (await answers(url)) return
      await sleep(50)
    }
    this.#child.kill('SIGKILL')
    throw new Error(`the gateway was not ready within ${startMs / 1000} s:\n${this.printed}`)
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    // It does not listen yet.
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
