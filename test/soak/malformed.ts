import { once } from 'node:events'
import { connect } from 'node:net'
import type { Dice } from './dice.ts'
import { mostBytes } from './soak-config.ts'
import type { Seen } from './seen.ts'

interface Malformed {
  readonly what: string
  /** False: Node's parser refuses it before there is an exchange that could have a name. */
  readonly hasName: boolean
  readonly status: number
  bytes(name: string): string
}

const post = (path: string, name: string, headers: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-soak: ${name}\r\n${headers}\r\n${body}`
const json = 'content-type: application/json\r\n'
const lengthOf = (body: string): string => `content-length: ${Buffer.byteLength(body)}\r\n`
const chatPath = '/none/openai/v1/chat/completions'
const notJson = '{"model": "x", "messages": [}'

const all: readonly Malformed[] = [
  { what: 'no HTTP', hasName: false, status: 400, bytes: () => 'hello?\r\n\r\n' },
  { what: 'a header without a name', hasName: false, status: 400, bytes: (name) => `GET / HTTP/1.1\r\nhost: x\r\nx-soak: ${name}\r\n: y\r\n\r\n` },
  { what: 'a length and chunks', hasName: false, status: 400, bytes: (name) => post(chatPath, name, `${json}content-length: 3\r\ntransfer-encoding: chunked\r\n`, '0\r\n\r\n') },
  { what: 'headers without an end', hasName: false, status: 431, bytes: (name) => `GET / HTTP/1.1\r\nhost: x\r\nx-soak: ${name}\r\nx: ${'y'.repeat(40_000)}\r\n\r\n` },
  { what: 'no host', hasName: true, status: 400, bytes: (name) => `GET /none/openai/v1/models HTTP/1.1\r\nconnection: close\r\nx-soak: ${name}\r\n\r\n` },
  { what: 'no such path', hasName: true, status: 404, bytes: (name) => post('/nowhere', name, `${json}${lengthOf('{}')}`, '{}') },
  { what: 'no JSON', hasName: true, status: 400, bytes: (name) => post(chatPath, name, `${json}${lengthOf(notJson)}`, notJson) },
  { what: 'an empty body', hasName: true, status: 400, bytes: (name) => post(chatPath, name, `${json}content-length: 0\r\n`, '') },
  { what: 'another type', hasName: true, status: 400, bytes: (name) => post(chatPath, name, `content-type: text/plain\r\n${lengthOf('{}')}`, '{}') },
  { what: 'too long a body', hasName: true, status: 413, bytes: (name) => post(chatPath, name, `${json}content-length: ${mostBytes + 1}\r\n`, '') },
]

/** A request that is none, or that nobody can answer, and how it was refused. */
export async function malformed(url: string, name: string, dice: Dice): Promise<Seen> {
  const { what, hasName, status, bytes } = dice.oneOf(all)
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  socket.on('error', () => {}) // what came before it counts
  socket.setTimeout(60_000, () => socket.destroy())
  await once(socket, 'connect')
  socket.write(bytes(name))
  await new Promise((resolve) => socket.once('close', resolve))
  const got = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]
  return {
    name: hasName ? name : undefined,
    what,
    fault: 'none',
    end: got === undefined ? 'nothing' : 'error',
    status: got === undefined ? undefined : Number(got),
    expects: [status],
  }
}
