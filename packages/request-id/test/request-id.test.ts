import { ConfigError, definePlugin, headerOf, HttpError, Type } from '@sluice/kernel'
import { exercise, type TestRequest } from '@sluice/testkit'
import { describe, expect, test } from 'vitest'
import { requestId } from '../src/index.ts'

const uuid = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/

/** An answerer that fails where anybody asks it. */
const broken = (): never => {
  throw new Error('broken')
}

/** The id that goes up, and the one that comes down. */
async function idsOf(config: object, request: TestRequest = {}, name = 'x-request-id'): Promise<{ up: unknown; down: unknown }> {
  const { ctx, reply } = await exercise(requestId, config, request)
  return { up: headerOf(ctx.request.headers, name), down: reply.headers[name] }
}

test('it gives the upstream and the client the same new id', async () => {
  const { up, down } = await idsOf({})
  expect(up).toMatch(uuid)
  expect(down).toBe(up)
})

test('each request gets another one', async () => {
  const { send } = await exercise(requestId, {}, {})
  const ids = await Promise.all(Array.from({ length: 50 }, async () => (await send()).reply.headers['x-request-id']))
  expect(new Set(ids).size).toBe(50)
})

test('it keeps an id that the client sent', async () => {
  const id = `a:${'~'.repeat(254)}`
  expect(await idsOf({}, { headers: { 'X-Request-Id': id } })).toEqual({ up: id, down: id })
})

test.for([
  ['nothing', ''],
  ['blanks', 'an id'],
  ['two of them', 'one, two'],
  ['too much', 'x'.repeat(257)],
  ['other letters', 'é'],
  ['control characters', 'a\tb'],
])('it replaces an id that is %s', async ([, sent = '']) => {
  const { up, down } = await idsOf({}, { headers: { 'x-request-id': sent } })
  expect(up).toMatch(uuid)
  expect(down).toBe(up)
})

test('it puts its id in place of one that the upstream answers with', async () => {
  const answer = { status: 200, headers: { 'x-request-id': 'theirs' }, body: 'ok' }
  const { reply } = await exercise(requestId, {}, { headers: { 'x-request-id': 'ours' } }, { answer })
  expect(reply.headers['x-request-id']).toBe('ours')
})

test('refusals and errors carry it', async () => {
  const refusing = definePlugin({
    name: 'refusing',
    priority: 2500,
    schema: Type.Object({}),
    setup: () => ({
      rewrite: () => {
        throw new HttpError(401, 'no', 'no')
      },
    }),
  })
  const sent = { headers: { 'x-request-id': 'mine' } }
  const { reply } = await exercise(requestId, {}, sent, { behind: [refusing] })
  expect(reply).toMatchObject({ status: 401, headers: { 'x-request-id': 'mine' } })
  expect((await exercise(requestId, {}, sent, { answer: broken })).reply).toMatchObject({ status: 500, headers: { 'x-request-id': 'mine' } })
})

test('it takes another header, and hides it from the client', async () => {
  const config = { header_name: 'X-Trace', include_in_response: false }
  const { up, down } = await idsOf(config, {}, 'x-trace')
  expect(up).toMatch(uuid)
  expect(down).toBeUndefined()
})

const made = async (config: object): Promise<string> => String((await idsOf(config)).up)

describe('the algorithm', () => {
  test('nanoid makes 21 characters that may stand in a URL', async () => {
    expect(await made({ algorithm: 'nanoid' })).toMatch(/^[\w-]{21}$/)
  })

  test('uuidv7 begins with the time', async () => {
    const before = Date.now()
    const id = await made({ algorithm: 'uuidv7' })
    expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
    const time = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)
    expect(time).toBeGreaterThanOrEqual(before)
    expect(time).toBeLessThanOrEqual(Date.now())
  })

  test('ksuid is 27 digits to the base 62 that begin with the time', async () => {
    const before = Math.floor(Date.now() / 1000)
    const id = await made({ algorithm: 'ksuid' })
    expect(id).toMatch(/^[\dA-Za-z]{27}$/)
    const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
    const number = [...id].reduce((sum, digit) => sum * 62n + BigInt(digits.indexOf(digit)), 0n)
    const time = Number(number >> 128n) + 1_400_000_000
    expect(time).toBeGreaterThanOrEqual(before)
    expect(time).toBeLessThanOrEqual(Date.now() / 1000)
  })

  test('range_id draws from a set of characters', async () => {
    expect(await made({ algorithm: 'range_id' })).toMatch(/^[\dA-Za-z]{16}$/)
    expect(await made({ algorithm: 'range_id', range_id: { length: 40, char_set: 'abcdef' } })).toMatch(/^[a-f]{40}$/)
  })
})

test.for([
  [{ header_name: 'Content-Length' }, 'plugins.request-id.header_name: must be a header of its own'],
  [{ header_name: 'two words' }, 'plugins.request-id.header_name: must be the name of a header'],
  [{ algorithm: 'snowflake' }, 'plugins.request-id.algorithm: must be one of uuid, nanoid, range_id, ksuid, uuidv7'],
  [{ range_id: { char_set: 'aé bcdef' } }, 'plugins.request-id.range_id.char_set: must be made of visible ASCII characters'],
  [{ range_id: { length: 5 } }, 'plugins.request-id.range_id.length: must be >= 6'],
  [{ snowflake: {} }, 'plugins.request-id.snowflake: is not a known field'],
] as const)('%j is refused', async ([config, problem]) => {
  await expect(exercise(requestId, config, {})).rejects.toThrow(problem)
  await expect(exercise(requestId, config, {})).rejects.toThrow(ConfigError)
})
