import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { logOf } from './support/log-of.ts'
import { askRaw, type RawAnswer } from './support/raw-client.ts'
import { openSocket, sendBytes } from './support/raw-socket.ts'
import { aiRoute, openGateway, type LogLine, type TestGateway } from './support/start-gateway.ts'
import { smallAnswer } from './support/upstream.ts'

let provider: Server
/** The body that the provider was sent last. */
let received: Buffer | undefined
let gateway: TestGateway & { close(): Promise<void> }

beforeAll(async () => {
  provider = createServer((req, res) => {
    const pieces: Buffer[] = []
    req.on('data', (piece: Buffer) => pieces.push(piece)).on('end', () => {
      received = Buffer.concat(pieces)
      res.writeHead(200, { 'content-type': 'application/json' }).end(smallAnswer)
    })
  })
  provider.listen(0, '127.0.0.1')
  await once(provider, 'listening')
  const { port } = provider.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const route = (id: string, config: object, plugins: object = {}, more: object = {}): object => {
    const ai = aiRoute(url, { override: {}, ...config }) as { plugins: object }
    return { id, uri: `/${id}/*`, ...more, plugins: { ...ai.plugins, ...plugins } }
  }
  const template = { model: 'm', messages: [{ role: 'user', content: '{{topic}}' }] }
  gateway = await openGateway({
    routes: [
      route('plain', {}),
      route('claude', { provider: 'anthropic' }),
      route('edited', { options: { model: 'ours', temperature: 0 } }, { 'ai-prompt-decorator': { prepend: [{ role: 'system', content: 'first' }], append: [{ role: 'system', content: 'last' }] } }),
      route('told', { logging: { payloads: true, summaries: true } }),
      route('template', {}, { 'ai-prompt-template': { templates: [{ name: 't', template }] } }),
      route('member', {}, {}, { uri: '/chosen/*', vars: [['post_arg.model', '==', 'm']] }),
      route('query', {}, {}, { uri: '/chosen/*', vars: [['post_arg.messages[*].role', 'has', 'robot']] }),
      route('rest', {}, {}, { uri: '/chosen/*', priority: -1 }),
      { id: 'ordinary', uri: '/ordinary/*', upstream: { type: 'roundrobin', nodes: { [`127.0.0.1:${port}`]: 1 } } },
    ],
  })
})
afterAll(async () => {
  await gateway.close()
  provider.close()
  provider.closeAllConnections()
})

type Body = string | Buffer

async function send(route: string, body: Body, path = '/v1/chat/completions'): Promise<RawAnswer> {
  received = undefined
  return askRaw(`${gateway.url}/${route}${path}`, { body })
}

/** Sends a body that is to arrive as it is; gives its line in the log. */
async function passes(route: string, body: Body, path?: string): Promise<LogLine> {
  const answer = await send(route, body, path)
  expect([answer.status, String(answer.body).slice(0, 500)]).toEqual([200, smallAnswer])
  expect(received?.equals(Buffer.from(body as string))).toBe(true)
  const [line = {}] = await gateway.linesOf(answer.id)
  return line
}

/** Sends a body that is to be refused; gives what is said of it. */
async function refused(route: string, body: Body, path?: string): Promise<string> {
  const answer = await send(route, body, path)
  expect([answer.status, received]).toEqual([400, undefined])
  return (JSON.parse(String(answer.body)) as { error_msg: string }).error_msg
}

async function servesOn(): Promise<void> {
  await vi.waitUntil(() => gateway.gateway.snapshot.inFlight === 0, 10_000)
  await passes('plain', '{"messages":[]}')
}

const limit = 64 * 1024 * 1024
/** JSON of exactly so many bytes, most of them in one text. */
function sized(bytes: number, before = '{"model":"m","messages":[],"x":"', after = '"}'): Buffer {
  return Buffer.from(before.padEnd(bytes - after.length, 'x') + after)
}

const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

const chunked = (body: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')])
const head = (path: string, framing: string): string =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n${framing}\r\n\r\n`

describe('a body of 64 MiB', { timeout: 30_000 }, () => {
  test.for(['/edited/v1/chat/completions', '/plain/v1/audio/speech'])('is served, with a length and without: %s', { timeout: 30_000 }, async (path) => {
    const body = sized(limit)
    const digest = digestOf(body.subarray(body.indexOf('"x":"'), -1))
    const framed = [Buffer.concat([Buffer.from(head(path, `content-length: ${limit}`)), body]), Buffer.concat([Buffer.from(head(path, 'transfer-encoding: chunked')), chunked(body)])]
    for (const bytes of framed) {
      received = undefined
      expect(await sendBytes(gateway.url, bytes)).toMatch(/^HTTP\/1\.1 200 /)
      const arrived = received as Buffer | undefined
      const start = arrived!.indexOf('"x":"') // what was edited stands before and behind
      const end = start + body.length - body.indexOf('"x":"') - 1
      expect(digestOf(arrived!.subarray(start, end))).toBe(digest)
    }
  })

  test.for(['/plain/v1/chat/completions', '/plain/v1/audio/speech', '/chosen/v1/chat/completions', '/template/v1/chat/completions'])(
    'and one byte is a 413 before the body, where its length is known: %s',
    async (path) => {
      received = undefined
      const socket = await openSocket(gateway.url)
      socket.write(head(path, `content-length: ${limit + 1}`))
      const [answer] = await once(socket, 'data')
      expect(String(answer)).toMatch(/^HTTP\/1\.1 413 [^]*request size 67108865 is greater than the maximum size 67108864 allowed/)
      socket.destroy()
      await servesOn()
    },
  )

  test.for(['/plain/v1/chat/completions', '/plain/v1/audio/speech'])('and one byte is a 413 as soon as that byte is there, where it is not: %s', { timeout: 30_000 }, async (path) => {
    const socket = await openSocket(gateway.url)
    let answer = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk))
    socket.write(head(path, 'transfer-encoding: chunked'))
    socket.write(`${(limit + 1000).toString(16)}\r\n`)
    socket.write(sized(limit))
    await vi.waitUntil(() => socket.writableLength === 0, 20_000)
    expect(answer).toBe('')
    socket.write('x')
    await vi.waitUntil(() => answer !== '', 20_000)
    expect(answer).toMatch(/^HTTP\/1\.1 413 [^]*request size 67108865 is greater/)
    socket.destroy()
    await servesOn()
  })

  test('and one byte goes through an ordinary route, where nobody keeps it', { timeout: 30_000 }, async () => {
    expect(await passes('ordinary', sized(limit + 1))).toMatchObject({ outcome: 'complete' })
  })
})

test('a body that comes in 200,000 chunks of a byte is what it is in one', { timeout: 30_000 }, async () => {
  const body = `{"messages":[],"x":"${'y'.repeat(200_000)}"}`
  const chunks = Array.from(body, (byte) => `1\r\n${byte}\r\n`).join('')
  received = undefined
  const answer = await sendBytes(gateway.url, `${head('/plain/v1/chat/completions', 'transfer-encoding: chunked')}${chunks}0\r\n\r\n`)
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  expect(String(received)).toBe(body)
  await servesOn()
})

describe('200,000 levels of nesting', { timeout: 30_000 }, () => {
  const levels = 200_000
  const arrays = '['.repeat(levels) + ']'.repeat(levels)
  const objects = `${'{"a":'.repeat(levels)}0${'}'.repeat(levels)}`
  const mixed = `${'[{"a":'.repeat(levels / 2)}0${'}]'.repeat(levels / 2)}`

  const everywhere: [where: string, body: (deep: string) => string, path?: string][] = [
    ['a member that nobody reads', (deep) => `{"messages":[],"x":${deep}}`],
    ['the messages', (deep) => `{"messages":[${deep}]}`],
    ['messages that are no array', (deep) => `{"messages":{"a":${deep}}}`],
    ['the content of a message', (deep) => `{"messages":[{"role":"user","content":${deep}}]}`],
    ['the tools', (deep) => `{"messages":[],"tools":[${deep}]}`],
    ['the model', (deep) => `{"messages":[],"model":${deep}}`],
    ['the user', (deep) => `{"messages":[],"user":${deep}}`],
    ['the input of embeddings', (deep) => `{"input":${deep}}`, '/v1/embeddings'],
    ['the input of a response', (deep) => `{"input":${deep},"instructions":${deep}}`, '/v1/responses'],
  ]
  test.for(everywhere)('are relayed as they are: %s', async ([, body, path]) => {
    for (const deep of [arrays, objects, mixed]) {
      for (const route of ['plain', 'told']) expect(await passes(route, body(deep), path)).toMatchObject({ route_id: route })
    }
  })

  test('also in Messages', async () => {
    const body = `{"model":"m","max_tokens":1,"messages":[${mixed}],"system":[${arrays}],"metadata":{"user_id":${objects}}}`
    expect(await passes('claude', body, '/v1/messages')).toMatchObject({ request_type: 'ai_chat' })
  })

  test('also beside what a route edits', async () => {
    const deep = `{"messages":[${mixed},${objects}],"tools":${arrays},"model":${arrays},"stream":false,"stream_options":${arrays}}`
    expect((await send('edited', deep)).status).toBe(200)
    expect(String(received)).toBe(
      `{"messages":[{"role":"system","content":"first"},${mixed},${objects},{"role":"system","content":"last"}],"tools":${arrays},"model":"ours","stream":false,"temperature":0}`,
    )
  })

  test('also within what is edited', async () => {
    await send('plain', `{"messages":[],"stream":true,"stream_options":{"a":${objects}}}`)
    expect(String(received)).toBe(`{"messages":[],"stream":true,"stream_options":{"a":${objects},"include_usage":true}}`)
    expect((await send('template', `{"template_name":"t","topic":${mixed}}`)).status).toBe(200)
    expect(JSON.parse(String(received))).toEqual({ model: 'm', messages: [{ role: 'user', content: mixed }] })
  })

  test('choose no route by what they are not', async () => {
    for (const deep of [arrays, objects]) {
      expect(await passes('chosen', `{"messages":[],"model":${deep}}`)).toMatchObject({ route_id: 'rest' })
      expect(await passes('chosen', `{"messages":[{"role":${deep}},${deep}]}`)).toMatchObject({ route_id: 'rest' })
      expect(await passes('chosen', `{"messages":[${deep},{"role":"robot"}]}`)).toMatchObject({ route_id: 'query' })
    }
  })

  test('that do not end are a 400', async () => {
    for (const open of ['[', '{"a":', '[{"a":']) {
      expect(await refused('plain', `{"messages":${open.repeat(levels)}`)).toMatch(/could not parse JSON request body: unexpected end of input/)
    }
    await servesOn()
  })
})

describe('names that objects inherit', { timeout: 30_000 }, () => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']
  const hostile = `{${names.map((name) => `"${name}":{"polluted":1,"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}`).join(',')},"messages":[{"role":"user","__proto__":{"content":"x"}}],"model":"m"}`

  test.for(['plain', 'told', 'chosen'])('are names like any other in a body: %s', async (route) => {
    await passes(route, hostile)
    await passes(route, hostile.replaceAll('__proto__', '\\u005f_proto__'))
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  test('also where it is edited', async () => {
    expect((await send('edited', hostile)).status).toBe(200)
    const before = hostile.slice(0, hostile.indexOf('"messages"'))
    expect(String(received).startsWith(before)).toBe(true)
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  test.for(names)('%s is no template, and no member that a template fills in', async (name) => {
    expect(await refused('template', `{"template_name":"${name}"}`)).toBe(`template: ${name} not configured.`)
    expect(await refused('template', `{"template_name":"t","__proto__":{"topic":"x"}}`)).toBe('missing template variable: topic')
  })

  test.for(names)('%s is a header, parameter and cookie like any other', async (name) => {
    const headers = { [name]: 'x', cookie: `${name}=x` }
    const answer = await askRaw(`${gateway.url}/chosen/v1/chat/completions?${name}=x&${name}[polluted]=1`, { headers, body: hostile })
    expect(answer.status).toBe(200)
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
    await servesOn()
  })
})

describe('unusual but legal JSON arrives as it was sent', { timeout: 30_000 }, () => {
  test.for<[what: string, body: Body]>([
    ['halves of surrogate pairs', '{"model":"\\ud800","messages":[{"role":"user","content":"\\udc00\\ud83d x \\ud83d\\ud83d"}],"\\udfff":0}'],
    ['an escaped NUL', '{"model":"a\\u0000b","messages":[{"role":"\\u0000","content":"\\u0000"}],"\\u0000":"\\u0000"}'],
    ['every escape', '{"messages":[],"x":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u2028"}'],
    ['characters of every length', '{"messages":[],"é€😀":"é€😀\u2028\u2029\u0085\ufeff\u200b\u202e"}'],
    ['numbers that no double holds', '{"messages":[],"x":[12345678901234567890123456789,1e400,-1e400,1e-400,0.1e-7,-0,-0.0,1.0,1E+2,0e0,123456789.123456789123456789]}'],
    ['a number of 100,000 digits', `{"messages":[],"seed":${'9'.repeat(100_000)},"n":0.${'0'.repeat(100_000)}1}`],
    ['a number where a text is due', '{"messages":[],"model":1.0,"user":1e5,"stream":0}'],
    ['one name twice, where nobody reads it', '{"messages":[{"role":"user","role":"system","content":"a","content":"b"}],"x":1,"x":{"y":1,"y":2},"x":3}'],
    ['a byte order mark', '\ufeff{"messages":[],"model":"m"}'],
    ['white space everywhere', ' \r\n\t{ \n"messages" \t:\r [ ] , "x":  {  }  }\r\n \n'],
    ['a megabyte of white space', `{"messages":[]${' '.repeat(1_000_000)},"x":${'\n'.repeat(100_000)}0}${'\t'.repeat(10_000)}`],
    ['empty names', '{"messages":[],"":"","":{"":[""]}}'],
    ['a name of a megabyte', `{"messages":[],"${'n'.repeat(1_000_000)}":0}`],
    ['names that look like paths', '{"messages":[],"a.b":1,"a[0]":2,"$.messages":3,"messages.0":4,"..":5}'],
  ])('%s', async ([, body]) => {
    for (const route of ['plain', 'told', 'ordinary']) expect(await passes(route, body)).toMatchObject({ route_id: route })
  })

  test('and is edited without another change', async () => {
    const odd = '"x":[1.0,1e400,"\\ud800\\/"],"":0,"":1'
    expect((await send('edited', `\ufeff{${odd},"messages":[{"a":1,"a":2.50}]}`)).status).toBe(200)
    expect(String(received)).toBe(
      `\ufeff{${odd},"messages":[{"role":"system","content":"first"},{"a":1,"a":2.50},{"role":"system","content":"last"}],"model":"ours","temperature":0}`,
    )
  })

  test('is shown in the log on one line, whatever it says', async () => {
    const line = await passes('told', '{"model":"a\\u0000b\\n\\u001b[31m\\u2028\\ud800","messages":[{"role":"user","content":"\\u0000\\ud800"}]}')
    expect(line).toMatchObject({ route_id: 'told', request_llm_model: 'a\0b\n\x1b[31m\u2028\ud800' })
  })
})

/** JSON but for these bytes in a text. */
const utf8 = (...bytes: number[]): Buffer => Buffer.concat([Buffer.from('{"messages":[],"x":"'), Buffer.from(bytes), Buffer.from('"}')])

test('names are logged as they were sent, also behind those after which V8 misreads others', { timeout: 30_000 }, async () => {
  const remembered: unknown = JSON.parse('[{"h":[],"\\\\":1}]') // for as long as it is there
  const messages = '[{"h":[],"\\"":1}]'
  const { port } = provider.address() as AddressInfo
  const ask = { body: `{"messages":${messages}}` }
  // As text: the test's own JSON.parse would misread it, too.
  const { text } = await logOf(`http://127.0.0.1:${port}`, { status: '$status' }, ask, { logging: { payloads: true } })
  expect(text).toContain(`"messages":${messages}`)
  expect(remembered).toHaveLength(1)
})

describe('what is no JSON is a 400 that says where', { timeout: 30_000 }, () => {
  test.for<[what: string, body: Body, says: RegExp]>([
    ['nothing', '', /request body is empty/],
    ['white space', ' \n', /unexpected end of input/],
    ['a byte order mark alone', '\ufeff', /unexpected end of input/],
    ['two byte order marks', '\ufeff\ufeff{"messages":[]}', /at byte 3 /],
    ['UTF-16', Buffer.from('{"messages":[]}', 'utf16le'), /at byte 1 /],
    ['UTF-16 with its mark', Buffer.from('\ufeff{"messages":[]}', 'utf16le'), /at byte 0 /],
    ['a NUL in a text', '{"messages":[],"x":"a\0b"}', /control character 0x00 at byte 21/],
    ['a NUL between two members', '{"messages":[],\0"x":0}', /at byte 15 /],
    ['a NUL behind the end', '{"messages":[]}\0', /at byte 15 /],
    ['a NUL in a name', '{"messages":[],"a\0":0}', /0x00 at byte 17/],
    ['a line feed in a text', '{"messages":[],"x":"a\nb"}', /0x0a at byte 21/],
    ['a line feed far inside a text', `{"messages":[],"x":"${'a'.repeat(70_000)}\nb"}`, /0x0a at byte 70020/],
    ['half a character', utf8(0xc3), /not UTF-8/],
    ['a byte that begins none', utf8(0x80), /not UTF-8/],
    ['a byte of no encoding', utf8(0xff), /not UTF-8/],
    ['a character that is too long', utf8(0xc0, 0xaf), /not UTF-8/],
    ['a surrogate as bytes', utf8(0xed, 0xa0, 0x80), /not UTF-8/],
    ['a character beyond all', utf8(0xf4, 0x90, 0x80, 0x80), /not UTF-8/],
    ['half an escape', '{"messages":[],"x":"\\u00"}', /four hexadecimal digits/],
    ['an escape of nothing', '{"messages":[],"x":"\\x41"}', /after a backslash/],
    ['half an escape far inside a text', `{"messages":[],"x":"${'a'.repeat(70_000)}\\u12G4"}`, /at byte 70024 .*four hexadecimal digits/],
    ['an escape of nothing far inside a text', `{"messages":[],"x":"${'\\n'.repeat(35_000)}\\x41"}`, /at byte 70021 .*after a backslash/],
    ['a leading zero', '{"messages":[],"x":01}', /at byte 20 /],
    ['a plus', '{"messages":[],"x":+1}', /at byte 19 /],
    ['half a number', '{"messages":[],"x":1.}', /expected a digit/],
    ['NaN', '{"messages":[],"x":NaN}', /expected a value/],
    ['Infinity', '{"messages":[],"x":-Infinity}', /expected a digit/],
    ['a comment', '{"messages":[]/*,*/}', /at byte 14 /],
    ['single quotes', "{'messages':[]}", /member name in quotes/],
    ['a comma too many', '{"messages":[],}', /at byte 15 /],
    ['two values', '{"messages":[]}{"messages":[]}', /nothing after the value/],
    ['half of it', '{"messages":[', /unexpected end of input/],
    ['another kind of bracket', '{"messages":[}]', /at byte 13 /],
    ['a form', 'messages=x&model=m', /at byte 0 /],
    ['JSON that is packed', gzipSync('{"messages":[]}'), /at byte 0 /],
  ])('%s', async ([, body, says]) => {
    for (const route of ['plain', 'edited', 'template', 'told']) expect(await refused(route, body)).toMatch(says)
    await servesOn()
  })

  test.for(['[]', '"messages"', '0', 'null', 'true', '{}', '{"messages":"x"}', '[{"messages":[]}]'])('and %s is no request: 400', async (body) => {
    expect(await refused('plain', body)).toMatch(/no matching AI protocol/)
    await refused('template', body)
  })

  test.for(['model', 'messages', 'stream'])('and neither is a body with two members %s, however they are spelled', async (name) => {
    const spelled = `\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}`
    for (const second of [name, spelled]) {
      const body = `{"messages":[],"model":"a","stream":false,"${second}":[]}`
      for (const route of ['plain', 'edited']) expect(await refused(route, body)).toBe(`the request body has more than one member "${name}"`)
    }
  })
})

describe('millions of small things', { timeout: 30_000 }, () => {
  const bytes = 8 * 1024 * 1024
  const full = (open: string, unit: string, end: string): string => open + unit.repeat(bytes / unit.length) + end
  test.for<[what: string, body: string, path?: string]>([
    ['members', full('{', '"m":0,', '"messages":[]}')],
    ['members spelled with escapes', full('{', '"\\u006dod":0,', '"messages":[]}')],
    ['messages', full('{"messages":[', '{},', '0]}')],
    ['tools', full('{"messages":[],"tools":[', '0,', '0]}')],
    ['tokens', full('{"input":[', '9,', '0]}'), '/v1/embeddings'],
    ['escapes', full('{"messages":[],"user":"', '\\n', '"}')],
  ])('%s are relayed in time', { timeout: 20_000 }, async ([, body, path]) => {
    const started = performance.now()
    await passes('plain', body, path)
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  test('members of Messages are relayed in time', { timeout: 20_000 }, async () => {
    const body = full('{', '"\\u006dod":0,', '"max_tokens":1,"messages":[]}')
    expect(await passes('claude', body, '/v1/messages')).toMatchObject({ outcome: 'complete' })
  })
})

test('of all that nothing is left, and nothing was the gateway’s own fault', { timeout: 30_000 }, async () => {
  await servesOn()
  const lines = await gateway.lines()
  expect(lines.filter(({ outcome }) => outcome === 'gateway_error')).toEqual([])
  expect(new Set(lines.map((line) => line['request_id'])).size).toBe(lines.length)
})
