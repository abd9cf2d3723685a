import { encodeEvent } from '@sluice/provider'
import { describe, expect, test } from 'vitest'
import { JsonListFramer, JsonListWriter } from '../src/index.ts'
import { collectedChat } from './collected.ts'
import { jsonArray, recorded } from './recorded.ts'
import { asked, streamed } from './translating.ts'

const hostile = [{ a: '}]"\\' }, { '[{': ['\\"', { b: [] }] }, {}, { c: 'é👩‍👩‍👧‍👦\u2028' }]
const bytes = Buffer.from(`\uFEFF [${hostile.map((one) => JSON.stringify(one, null, 1)).join('\r\n,\n')}]\n`)

function framed(whole: Buffer, size: number): unknown[] {
  const framer = new JsonListFramer(1 << 20)
  const found: unknown[] = []
  for (let at = 0; at < whole.length; at += size) found.push(...framer.push(whole.subarray(at, at + size)).map((one) => JSON.parse(one.toString()) as unknown))
  expect(framer.isClosed).toBe(true)
  return found
}

describe('a JSON array that comes in pieces', () => {
  test('is cut into its objects, wherever it is cut itself', () => {
    for (let size = 1; size <= bytes.length; size++) expect(framed(bytes, size)).toEqual(hostile)
  })

  test('gives each object as soon as it is whole', () => {
    const framer = new JsonListFramer(100)
    expect(framer.push(Buffer.from('[{"a":1}'))).toHaveLength(1)
    expect(framer.push(Buffer.from(',{"b":'))).toEqual([])
    expect(framer.push(Buffer.from('2},{}'))).toHaveLength(2)
    expect(framer.isClosed).toBe(false)
    expect(framer.push(Buffer.from('\n]'))).toEqual([])
    expect(framer.isClosed).toBe(true)
  })

  test('holds no more of an object than it may', () => {
    expect(() => new JsonListFramer(10).push(Buffer.from('[{"a":"0123456789'))).toThrow('larger than 10 bytes')
  })

  test('37: is a stream of Gemini’s that was not asked for as events', () => {
    const body = recorded(jsonArray)
    for (const size of [1, 2, 7, 64, body.length]) {
      const framer = new JsonListFramer(1 << 20)
      const chunks: Buffer[] = []
      for (let at = 0; at < body.length; at += size) chunks.push(...framer.push(body.subarray(at, at + size)))
      const events = chunks.map((object) => encodeEvent(object.toString()))
      const { body: chat, terminals } = collectedChat(streamed(asked('openai-chat', 'gemini', { stream_options: { include_usage: true } }).stream(), events))
      expect(terminals).toEqual(['[DONE]'])
      expect(chat).toMatchObject({ model: 'gemini-3-flash-preview', choices: [{ message: { content: '5 times 3 is 15.' }, finish_reason: 'stop' }], usage: { prompt_tokens: 121, completion_tokens: 9, total_tokens: 130 } })
    }
  })
})

describe('events as a JSON array', () => {
  test('are its objects, in order, and comments nothing', () => {
    const writer = new JsonListWriter()
    const written = [...hostile.flatMap((one) => writer.write(encodeEvent(JSON.stringify(one, null, 2)))), ...writer.write(Buffer.from(': still there\n\n')), writer.end()]
    expect(JSON.parse(Buffer.concat(written).toString())).toEqual(hostile)
    expect(framed(Buffer.concat(written), 3)).toEqual(hostile)
  })

  test('are an empty one where there are none', () => {
    expect(String(new JsonListWriter().end())).toBe('[]')
  })
})
