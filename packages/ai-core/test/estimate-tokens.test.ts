import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { estimateTokens } from '../src/estimate-tokens.ts'

const user = (content: unknown): object => ({ role: 'user', content })
const chat = (...messages: object[]): Record<string, unknown> => ({ messages })

/** Tokens of one message beside its text, and of what stands behind all of them. */
const around = 4 + 3

test.for<[what: string, text: string, tokens: number]>([
  ['two words', 'hello world', 2],
  ['nothing', '', 0],
  ['what looks like a mark of the tokenizer’s', '<|endoftext|>', 7],
])('it counts %s as OpenAI’s tokenizer does', async ([, text, tokens]) => {
  expect(await estimateTokens(chat(user(text)))).toBe(tokens + around)
  expect(await estimateTokens(chat(user([{ type: 'text', text }])))).toBe(tokens + around)
})

test('it counts each message, calls and tools, and gives what it cannot read a fixed size', async () => {
  const one = await estimateTokens(chat(user('hello world')))
  expect(await estimateTokens(chat(user('hello world'), user('hello world')))).toBe(2 * one - 3)
  const call = { role: 'assistant', content: null, tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }] }
  expect(await estimateTokens(chat(call))).toBeGreaterThan(around + 8)
  const tools = [{ type: 'function', function: { name: 'get_weather', parameters: { type: 'object' } } }]
  expect(await estimateTokens({ ...chat(user('hello world')), tools })).toBeGreaterThan(one + 15)
  expect(await estimateTokens(chat(user([{ type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(9_000)}` } }])))).toBe(765 + around)
  expect(await estimateTokens(chat(user([{ type: 'file', file: { file_data: 'AAAA' } }])))).toBe(1_500 + around)
})

test('it counts a text that it has to cut nearly as if it were whole', async () => {
  const sentence = 'The quick brown fox jumps over the lazy dog. '
  const tokens = (await estimateTokens(chat(user(sentence.repeat(1_000))))) - around
  expect(Math.abs(tokens - 10_001)).toBeLessThan(40)
})

test('it samples a text that is very long, and others have their turn meanwhile', { timeout: 30_000 }, async () => {
  let turns = 0
  const clock = setInterval(() => turns++, 1)
  const tokens = await estimateTokens(chat(user('The quick brown fox jumps over the lazy dog. '.repeat(100_000)), user('x'.repeat(1_000_000))))
  clearInterval(clock)
  expect(turns).toBeGreaterThan(0)
  expect(tokens).toBeGreaterThan(1_000_000)
  expect(tokens).toBeLessThan(1_250_000)
})

test('it is not held up by a text without a space', { timeout: 30_000 }, async () => {
  const startedAt = performance.now()
  await estimateTokens(chat(user('x'.repeat(20_000_000))))
  expect(performance.now() - startedAt).toBeLessThan(10_000)
})

// A process of its own is slow to start where others work, too.
test('it loads the tokenizer for the first who asks, and for nobody before', { timeout: 60_000 }, async () => {
  const script = `
    import { registerHooks } from 'node:module'
    let loaded = 0
    registerHooks({ load: (url, context, next) => { loaded += Number(url.includes('gpt-tokenizer')); return next(url, context) } })
    const { estimateTokens } = await import(${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)})
    const before = loaded
    await estimateTokens({ messages: [{ role: 'user', content: 'hello' }] })
    console.log(before, loaded > 0)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  expect(stdout).toBe('0 true\n')
})
