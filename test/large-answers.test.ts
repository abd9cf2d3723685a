import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { definePlugin, Type, type Reply } from '@sluice/kernel'
import { afterAll, expect, test, vi } from 'vitest'
import { askRaw, openRaw } from './support/raw-client.ts'
import { selfSigned } from './support/self-signed.ts'
import { aiRoute, startGateway, type TestGateway } from './support/start-gateway.ts'
import { startUpstream, type Upstream } from './support/upstream.ts'

// Large answers are read into memory that has held others. Whose bytes they are must not depend on that.

vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

/** An answer that nobody else gets: what it is of is in every few bytes. */
function answerOf(name: string, bytes: number): string {
  const word = `${createHash('sha256').update(name).digest('hex')} `
  const content = word.repeat(Math.ceil(bytes / word.length)).slice(0, bytes)
  return JSON.stringify({ id: name, object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } })
}

function* cut(text: string, seed: number): Generator<string> {
  for (let at = 0, step = 1 + (seed % 7); at < text.length; at += step, step = (step * 31) % 100_003) yield text.slice(at, at + step)
}

/** Answers as the model of a request says: a name and a number of bytes. In pieces of many sizes, with a length and without. */
function startTalker(tls = false): Promise<Upstream> {
  return startUpstream(
    async (req, res) => {
      const { model } = JSON.parse(Buffer.concat(await req.toArray()).toString()) as { model: string }
      const [name = '', size] = model.split(':')
      const text = answerOf(name, Number(size))
      const seed = name.length + Number(size)
      res.writeHead(200, { 'content-type': 'application/json', ...(seed % 2 === 0 && { 'content-length': text.length }) })
      await pipeline(Readable.from(cut(text, seed)), res).catch(() => {}) // the gateway has left, because its client has
    },
    tls ? selfSigned('talker.test') : undefined,
  )
}

const path = '/v1/chat/completions'
const asking = (name: string, size: number): { body: object } => ({ body: { model: `${name}:${size}`, messages: [] } })

/** Asks, and says whether it was answered with what it asked for, and all of it. */
async function isRight({ url }: TestGateway, name: string, size: number): Promise<boolean> {
  const { status, body, isWhole } = await askRaw(url + path, asking(name, size))
  return status === 200 && isWhole && body.toString() === answerOf(name, size)
}

/** Sizes about as large as reads, and far above. */
const sizes = [100, 16_000, 16_384, 50_000, 65_400, 65_536, 66_000, 131_072, 300_000, 700_001]

/** Those of many at once that were not answered with what they had asked for. */
async function wrongOf(gateway: TestGateway, rounds: number, label: string): Promise<string[]> {
  const wrong: string[] = []
  for (let round = 0; round < rounds; round++) {
    const names = Array.from({ length: 40 }, (_, index) => `${label}-${round}-${index}`)
    const right = await Promise.all(names.map((name, index) => isRight(gateway, name, sizes[(index + round) % sizes.length]!)))
    wrong.push(...names.filter((_, index) => !right[index]))
  }
  return wrong
}

test.for([false, true])('many at once reach each their own client, over TLS: %s', async (tls) => {
  const talker = await startTalker(tls)
  const gateway = await startGateway({ routes: [aiRoute(talker.url, { ssl_verify: false })] })
  expect(await wrongOf(gateway, 6, `tls-${tls}`)).toEqual([])
})

test('one that its client takes late is what it was, whatever has come and gone meanwhile', async () => {
  const talker = await startTalker()
  const gateway = await startGateway({ routes: [aiRoute(talker.url)] })
  // More than the system takes off our hands.
  const late = await Promise.all(Array.from({ length: 4 }, (_, index) => openRaw(gateway.url + path, asking(`late-${index}`, 12_000_000))))
  for (const reading of late) reading.pause()
  expect(await wrongOf(gateway, 3, 'meanwhile')).toEqual([])
  for (const [index, reading] of late.entries()) {
    reading.resume()
    const { body, isWhole } = await reading.rest()
    expect([isWhole, body.toString() === answerOf(`late-${index}`, 12_000_000)]).toEqual([true, true])
  }
})

test('clients that leave in the middle do no harm to others', async () => {
  const talker = await startTalker()
  const gateway = await startGateway({ routes: [aiRoute(talker.url)] })
  const leaving = async (): Promise<void> => {
    for (let count = 0; count < 10; count++) {
      const reading = await openRaw(gateway.url + path, asking(`leaving-${count}`, 6_000_000))
      await reading.more()
      reading.hangUp()
    }
  }
  const [wrong] = await Promise.all([wrongOf(gateway, 4, 'staying'), leaving(), leaving()])
  expect(wrong).toEqual([])
  expect(gateway.logged()).toBe('')
})

test('a plugin that looks at one gets a copy to keep, and hears of it where it comes too late', async () => {
  const talker = await startTalker()
  const kept: Reply['body'][] = []
  const replies: Reply[] = []
  const looking = definePlugin({
    name: 'looking',
    priority: 5000,
    schema: Type.Object({}),
    setup: () => ({
      log({ reply }) {
        if (reply && kept.length === replies.length) kept.push(reply.body)
        if (reply) replies.push(reply)
      },
    }),
  })
  const gateway = await startGateway({ routes: [aiRoute(talker.url)], global_rules: [{ id: 'look', plugins: { looking: {} } }] }, { plugins: [looking] })
  expect(await isRight(gateway, 'first', 300_000)).toBe(true)
  await vi.waitUntil(() => replies.length === 1, { timeout: 15_000 })
  kept.push(null) // nobody looks at the second
  expect(await isRight(gateway, 'second', 300_000)).toBe(true)
  expect(await wrongOf(gateway, 2, 'others')).toEqual([])
  expect(String(kept[0])).toBe(answerOf('first', 300_000))
  expect(String(replies[0]!.body)).toBe(answerOf('first', 300_000))
  expect(() => replies[1]!.body).toThrow('until its exchange was settled')
})

const shout = ({ body }: Reply): void => void (body as Buffer).fill('X', 50_000, 60_000)

test('a plugin changes one in place, before its headers are edited or after', async () => {
  const talker = await startTalker()
  const shouting = definePlugin({
    name: 'shouting',
    priority: 5000,
    schema: Type.Object({}),
    setup: () => ({
      rewrite: (ctx) => ctx.onReply((reply) => void (ctx.request.query === 'after' && shout(reply))),
      async proxy(ctx, next) {
        const reply = await next()
        if (ctx.request.query === 'before') shout(reply)
        return reply
      },
    }),
  })
  const gateway = await startGateway({ routes: [aiRoute(talker.url)], global_rules: [{ id: 'shout', plugins: { shouting: {} } }] }, { plugins: [shouting] })
  const expected = Buffer.from(answerOf('x', 300_000)).fill('X', 50_000, 60_000).toString()
  for (const when of ['before', 'after']) {
    const { body } = await askRaw(`${gateway.url}${path}?${when}`, asking('x', 300_000))
    expect(body.toString() === expected).toBe(true)
  }
})

test('a plugin may answer several with one and the same', async () => {
  const talker = await startTalker()
  let first: Promise<Reply> | undefined
  const sharing = definePlugin({ name: 'sharing', priority: 5000, schema: Type.Object({}), setup: () => ({ proxy: (_, next) => (first ??= next()) }) })
  const route = aiRoute(talker.url) as { plugins: object }
  const gateway = await startGateway(
    { routes: [{ ...route, uri: `${path}/shared`, id: 'shared', plugins: { ...route.plugins, sharing: {}, cors: {} } }, { ...route }] },
    { plugins: [sharing] },
  )
  const asked = await Promise.all(Array.from({ length: 4 }, () => openRaw(`${gateway.url}${path}/shared`, asking('shared', 12_000_000))))
  for (const reading of asked.slice(1)) reading.pause()
  const answers = [await asked[0]!.rest()]
  expect(await wrongOf(gateway, 2, 'beside')).toEqual([])
  for (const reading of asked.slice(1)) {
    reading.resume()
    answers.push(await reading.rest())
  }
  const text = answerOf('shared', 12_000_000)
  expect(answers.map(({ body, isWhole }) => isWhole && body.toString() === text)).toEqual([true, true, true, true])
})
