import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { bodyLength, bytesSource, HttpError, isStream, json, RequestBody, type BodySource } from '../src/index.ts'
import { exchangeOf, openStream, plugin, rig } from './rig.ts'

interface Declared {
  limit?: number
  /** By default what it has. */
  declared?: number | 'nothing'
}

function bodyOf(text: string, { limit = 100, declared = text.length }: Declared = {}): RequestBody {
  const source = bytesSource(Buffer.from(text))
  return new RequestBody({ ...source, declaredLength: declared === 'nothing' ? undefined : declared }, limit)
}

describe('reading', () => {
  test('it is read once, whoever asks', async () => {
    let gathered = 0
    const source: BodySource = {
      declaredLength: undefined,
      gather: async () => {
        gathered++
        return [Buffer.from('{"a"'), Buffer.from(':1}')]
      },
      stream: () => {
        throw new Error('not now')
      },
    }
    const body = new RequestBody(source, 100)
    expect(body.isRead).toBe(false)
    expect(body.receivedLength).toBeUndefined()
    await Promise.all([body.read(), body.read(50)])
    await body.read()
    expect(gathered).toBe(1)
    expect(body.isRead).toBe(true)
    expect(body.receivedLength).toBe(7)
    expect(body.document.get('a')).toBe(1)
  })

  test('whoever needs it waits only where nobody has read it before, and has limits of its own', async () => {
    const body = bodyOf('12345')
    const bytes = (): string => body.bytes.toString()
    await expect(body.whenRead(bytes, 4)).rejects.toMatchObject({ status: 413 })
    const early = body.whenRead(bytes)
    expect(early).toBeInstanceOf(Promise)
    expect(await early).toBe('12345')
    expect(body.whenRead(bytes)).toBe('12345')
    expect(body.whenRead(bytes, 5)).toBe('12345')
    await expect(body.whenRead(bytes, 4)).rejects.toMatchObject({ status: 413 })
  })

  test.for<[string, Declared, number | undefined, string]>([
    ['what the client declares', { declared: 101 }, undefined, 'request size 101 is greater than the maximum size 100 allowed'],
    ['what it sends', { declared: 'nothing', limit: 4 }, undefined, 'request size 5 is greater than the maximum size 4 allowed'],
    ['what a plugin allows', {}, 4, 'request size 5 is greater than the maximum size 4 allowed'],
    ['the gateway, whatever a plugin allows', { limit: 4 }, 1_000, 'request size 5 is greater than the maximum size 4 allowed'],
  ])('%s is a limit: 413', async ([, init, limit, text]) => {
    await expect(bodyOf('12345', init).read(limit)).rejects.toThrow(`could not get body: ${text}`)
    await expect(bodyOf('12345', init).read(limit)).rejects.toMatchObject({ status: 413, code: 'body_too_large', outcome: 'refused' })
  })

  test('a limit holds for a body that was read already, and one of its size passes', async () => {
    const body = bodyOf('12345', { declared: 'nothing' })
    await body.read(5)
    await expect(body.read(4)).rejects.toThrow('maximum size 4')
    await body.read(5)
  })

  test('who did not read it is told what to declare', () => {
    for (const look of [(body: RequestBody) => body.bytes, (body: RequestBody) => body.document, (body: RequestBody) => body.toBuffers()]) {
      expect(() => look(bodyOf('{}'))).toThrow("body: 'whole'")
    }
  })
})

describe('the document', () => {
  test.for([
    ['', 'empty_body', 'could not get body: request body is empty'],
    ['{"a":}', 'invalid_json', 'could not parse JSON request body: '],
    ['{} x', 'invalid_json', 'could not parse JSON request body: '],
  ] as const)('of %j is a 400', async ([text, code, message]) => {
    const body = bodyOf(text)
    await body.read()
    expect(() => body.document).toThrow(HttpError)
    expect(() => body.document).toThrow(message)
    expect(() => body.document).toThrow(expect.objectContaining({ status: 400, code }))
  })

  test('what nobody edits leaves as the same bytes, and edits are seen at once', async () => {
    const body = bodyOf('{ "a" : 1.0 }')
    await body.read()
    expect(body.document).toBe(body.document)
    expect(String(body.bytes)).toBe('{ "a" : 1.0 }')
    const before = body.revision
    body.document.set('b', 2)
    expect(body.revision).toBeGreaterThan(before)
    expect(String(body.bytes)).toBe('{ "a" : 1.0,"b":2 }')
    expect(String(Buffer.concat(body.toBuffers()))).toBe('{ "a" : 1.0,"b":2 }')
  })

  test('other bytes in its place are another document, of a later revision', async () => {
    const body = bodyOf('{"a":1}')
    await body.read()
    body.document.set('a', 2)
    body.document.set('a', 3)
    const before = body.revision
    body.replace(Buffer.from('{"c":1}'))
    expect(body.revision).toBeGreaterThan(before)
    expect(body.document.get('c')).toBe(1)
    expect(body.receivedLength).toBe(7)
  })
})

async function readIn(pieces: readonly Buffer[]): Promise<RequestBody> {
  const body = new RequestBody({ ...bytesSource(Buffer.alloc(0)), declaredLength: undefined, gather: async () => [...pieces] }, 1000)
  await body.read()
  return body
}

const oneByOne = (whole: Buffer) => Array.from(whole, (byte) => Buffer.from([byte]))
const everyCut = (whole: Buffer) => Array.from(whole, (_, at) => [whole.subarray(0, at), whole.subarray(at)])

describe('a body that comes in pieces', () => {
  const text = '{"a":"é€😀","b":[1,2]}'
  const bytes = Buffer.from(text)

  test('is kept and goes on in them, copied together for nobody but who asks for its bytes', async () => {
    const pieces = [bytes.subarray(0, 8), bytes.subarray(8)]
    const body = await readIn(pieces)
    expect(body.receivedLength).toBe(bytes.length)
    expect(body.toBuffers().every((piece, index) => piece === pieces[index])).toBe(true)
    expect(body.document.get('a')).toBe('é€😀')
    expect(body.toBuffers().every((piece, index) => piece === pieces[index])).toBe(true)
    expect(String(body.bytes)).toBe(text)
    expect(body.bytes).toBe(body.bytes)
    body.document.append('b', [3])
    expect(String(body.bytes)).toBe('{"a":"é€😀","b":[1,2,3]}')
    expect(String(Buffer.concat(body.toBuffers()))).toBe('{"a":"é€😀","b":[1,2,3]}')
  })

  test('may be cut within a character', async () => {
    for (const pieces of [oneByOne(bytes), ...everyCut(bytes)]) expect((await readIn(pieces)).document.get('a')).toBe('é€😀')
  })

  test.for([
    ['a byte that begins nothing', [0xff]],
    ['an end without a beginning', [0x80]],
    ['a beginning without an end', [0xe2, 0x82]],
    ['one end too many', [0xc3, 0xa9, 0xa9]],
    ['five bytes', [0xf0, 0x9f, 0x98, 0x80, 0x80]],
    ['more than it needs', [0xc0, 0xaf]],
    ['half a surrogate pair', [0xed, 0xa0, 0x80]],
  ] as const)('is no UTF-8 wherever it is cut, with %s in it: 400', async ([, wrong]) => {
    const invalid = Buffer.from([...Buffer.from('{"a":"'), ...wrong, ...Buffer.from('b"}')])
    for (const pieces of [[invalid], oneByOne(invalid), ...everyCut(invalid)]) {
      const body = await readIn(pieces)
      expect(() => body.document).toThrow(expect.objectContaining({ status: 400, message: expect.stringContaining('not UTF-8') }))
    }
  })

  test('without a byte in it is empty: 400', async () => {
    for (const pieces of [[], [Buffer.alloc(0), Buffer.alloc(0)]]) {
      const body = await readIn(pieces)
      expect(() => body.document).toThrow(expect.objectContaining({ status: 400, code: 'empty_body' }))
    }
  })
})

describe("body: 'whole'", () => {
  test('it is read before the first hook that asks for it', async () => {
    const seen: unknown[] = []
    const early = plugin('early', { rewrite: ({ request }) => void seen.push(request.body.isRead) }, { priority: 9 })
    const whole = plugin('whole', { rewrite: ({ request }) => void seen.push(request.body.document.get('a')) }, { body: 'whole' })
    await (await rig([early, whole])).run(exchangeOf({ body: '{"a":1}' }))
    expect(seen).toEqual([false, 1])
  })

  test('a body that is too large is a 413 before the hook', async () => {
    const { run } = await rig([plugin('whole', { proxy: () => json(200, 'never') }, { body: 'whole' })])
    expect(await run(exchangeOf({ body: '12345', limit: 4 }))).toMatchObject({ status: 413 })
  })
})

describe('replies', () => {
  test.for([
    [null, 0],
    ['Grüße', 7],
    [new Uint8Array(3), 3],
    [[new Uint8Array(3), new Uint8Array(4)], 7],
    [openStream(), undefined],
  ] as const)('the length of %j is %j', ([body, length]) => {
    expect(bodyLength(body)).toBe(length)
    expect(isStream(body)).toBe(length === undefined)
  })

  test('json says what it is', () => {
    expect(json(201, { a: 1 }, { location: '/a' })).toEqual({
      status: 201,
      headers: { 'content-type': 'application/json', location: '/a' },
      body: '{"a":1}',
    })
  })
})

describe('a large body', () => {
  const piece = Buffer.from('0,'.repeat(32_768))
  const largeBody = (end: string): RequestBody => {
    const pieces = [Buffer.from('['), ...Array.from<Buffer>({ length: 128 }).fill(piece), Buffer.from(end)]
    const source = { declaredLength: undefined, gather: async () => pieces, stream: () => Readable.from(pieces) }
    return new RequestBody(source, 100_000_000)
  }

  test('is looked over beside other work as it is read', async () => {
    const body = largeBody('0]')
    let turns = 0
    let isRead = false
    const turn = (): void => {
      turns++
      if (!isRead) setImmediate(turn)
    }
    setImmediate(turn)
    await body.read()
    isRead = true
    expect(turns).toBeGreaterThan(2)
    expect(body.document.length([])).toBe(128 * 32_768 + 1)
    body.document.set([0], 1)
    expect(body.bytes.subarray(0, 5).toString()).toBe('[1,0,')
  })

  test('that is no JSON is a 400 for those alone who want it to be', async () => {
    const body = largeBody('0')
    await body.read()
    expect(body.bytes.byteLength).toBe(128 * 65_536 + 2)
    expect(() => body.document).toThrow('could not parse JSON request body: unexpected end of input at byte 8388610')
    body.replace(Buffer.from('{}'))
    expect(body.document.get([])).toEqual({})
  })
})

/** A body that was read, and the pieces that it has given back. */
async function readBody(): Promise<{ body: RequestBody; freed: Buffer[] }> {
  const freed: Buffer[] = []
  const source: BodySource = { ...bytesSource(Buffer.from('{"a":"text"}')), free: (pieces) => void freed.push(...pieces) }
  const body = new RequestBody(source, 100)
  await body.read()
  return { body, freed }
}

describe('the memory of what the client sent', () => {
  test('goes back with the end of the exchange, and is not there for who comes later', async () => {
    const { body, freed } = await readBody()
    const { document } = body
    expect([document.get('a'), Buffer.concat(body.views()).toString()]).toEqual(['text', '{"a":"text"}'])
    body.end()
    body.end()
    expect(String(freed)).toBe('{"a":"text"}')
    for (const late of [() => body.bytes, () => body.toBuffers(), () => body.views(), () => body.document.get('a'), () => document.get('a')]) expect(late).toThrow(/over|ended/)
  })

  test('stays where somebody has it, or may still be sending it', async () => {
    const uses: readonly ((body: RequestBody) => unknown)[] = [
      (body) => body.bytes,
      (body) => body.toBuffers(),
      (body) => body.document.toBuffers(),
      (body) => body.document.fork().raw('a'),
      (body) => body.hold(),
      (body) => body.replace(Buffer.from('{"a":"text"}')),
    ]
    for (const use of uses) {
      const { body, freed } = await readBody()
      use(body)
      body.end()
      expect([freed, body.document.get('a')]).toEqual([[], 'text'])
    }
  })

  test('goes back where all have said that they are done', async () => {
    const { body, freed } = await readBody()
    body.hold()
    body.hold()
    body.release()
    body.release()
    body.end()
    expect(freed).toHaveLength(1)
  })
})
