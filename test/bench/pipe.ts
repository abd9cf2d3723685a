import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool, type Dispatcher } from 'undici'
import { collect } from './collect.ts'

// The reference 1.00: `node:http` in front, undici's dispatch behind, bytes both ways with back-pressure, a few headers
// by list, and nothing else. Started with `fork`: the origin of the provider.

const [origin = ''] = process.argv.slice(2)
const pool = new Pool(origin, { keepAliveTimeout: 600_000, keepAliveMaxTimeout: 600_000 })

const up = ['content-type', 'content-length', 'accept', 'user-agent', 'authorization']
const down = ['content-type', 'content-length', 'x-request-id', 'openai-processing-ms']

type Headers = Readonly<Record<string, string | string[] | undefined>>

class Relay implements Dispatcher.DispatchHandler {
  readonly #res: ServerResponse
  #controller: Dispatcher.DispatchController | undefined
  #waits = false

  constructor(res: ServerResponse) {
    this.#res = res
    res.once('close', () => {
      if (!res.writableFinished) this.#controller?.abort(new Error('client gone'))
    })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#res.destroyed) controller.abort(new Error('client gone'))
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status >= 200) this.#res.writeHead(status, pick(headers, down))
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#res.write(chunk)) return
    controller.pause()
    if (this.#waits) return
    this.#waits = true
    this.#res.once('drain', () => {
      this.#waits = false
      controller.resume()
    })
  }

  onResponseEnd(): void {
    this.#res.end()
  }

  onResponseError(): void {
    if (this.#res.headersSent) this.#res.destroy()
    else this.#res.writeHead(502).end()
  }
}

function pick(headers: Headers, names: readonly string[]): string[] {
  const flat: string[] = []
  for (const name of names) {
    const value = headers[name]
    if (typeof value === 'string') flat.push(name, value)
  }
  return flat
}

const server = createServer({ keepAliveTimeout: 0 }, (req: IncomingMessage, res) => {
  const method = (req.method ?? 'GET') as Dispatcher.HttpMethod
  pool.dispatch({ path: req.url ?? '/', method, headers: pick(req.headers, up), body: req }, new Relay(res))
})

server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('message', () => void collect().then((held) => process.send?.(held)))
process.on('disconnect', () => process.exit())
