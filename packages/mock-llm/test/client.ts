import { request, type Agent, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { MockLlm } from '../src/index.ts'

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly agent?: Agent
}

export interface Heard {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly chunks: readonly Buffer[]
  readonly bytes: Buffer
  readonly text: string
  /** Whether the answer ended properly. */
  readonly complete: boolean
}

/** Sends one request and hears the answer out, however it ends. Rejects where there is no head. */
export async function ask(mock: MockLlm, path: string, init: Ask = {}): Promise<Heard> {
  const answer = await begin(mock, path, init)
  await answer.over
  return answer.heard()
}

/** Sends one request; settles with the head, and then tells what has come so far. */
export function begin(mock: MockLlm, path: string, { method = 'POST', headers = {}, body, agent }: Ask = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? {})
  return new Promise<Begun>((resolve, reject) => {
    const options = {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(agent && { agent }),
    }
    const req = request(`${mock.url}${path}`, options, (res) => resolve(listen(res)))
    req.on('error', reject)
    req.end(method === 'POST' ? text : undefined)
  })
}

export interface Begun {
  readonly over: Promise<void>
  heard(): Heard
  /** Resolves once the text contains this. */
  until(text: string): Promise<void>
  leave(): void
}

function listen(res: IncomingMessage): Begun {
  const chunks: Buffer[] = []
  const heard = () => {
    const bytes = Buffer.concat(chunks)
    const { statusCode: status = 0, headers, complete } = res
    return { status, headers, chunks, bytes, text: bytes.toString(), complete }
  }
  res.on('data', (chunk: Buffer) => chunks.push(chunk))
  res.on('error', () => undefined)
  return {
    heard,
    over: new Promise((resolve) => res.once('close', resolve)),
    until: (text) =>
      new Promise((resolve) => {
        const look = () => heard().text.includes(text) && resolve()
        res.on('data', look)
        look()
      }),
    leave: () => res.destroy(),
  }
}

/** Writes raw bytes and hears what comes back until the connection ends; the code of a reset is its text. */
export function raw(mock: MockLlm, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let heard = ''
    const socket = connect(mock.port, '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (chunk) => (heard += chunk.toString('latin1')))
    socket.on('error', (error) => (heard += `[${(error as NodeJS.ErrnoException).code}]`))
    socket.on('close', () => resolve(heard))
  })
}

export interface Event {
  readonly name: string | undefined
  readonly data: Loose
}

/** The events of a stream; a data that is no JSON stays a string. */
export function eventsOf({ text }: Heard): Event[] {
  return text
    .split(/\r\n\r\n|\n\n|\r\r/)
    .filter((block) => /^(event|data):/m.test(block))
    .map((block) => {
      const lines = block.split(/\r\n|\n|\r/)
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
      const data = field('data') ?? ''
      return { name: field('event'), data: data.startsWith('{') ? JSON.parse(data) : data }
    })
}

/** A chat request about one thing. */
export function chat(content: unknown, more: Readonly<Record<string, unknown>> = {}): Ask {
  return { body: { model: 'gpt-4o', messages: [{ role: 'user', content }], ...more } }
}

/** A parsed body of any shape: looking into it is what tests are for. */
export type Loose = ReturnType<typeof JSON.parse>

/** A body, parsed. */
export function json({ text }: Heard): Loose {
  return JSON.parse(text)
}
