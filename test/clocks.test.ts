import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { viewStream } from './support/client-view.ts'
import { askRaw } from './support/raw-client.ts'
import { chat, errorIn, stage } from './support/stage.ts'
import { aiRoute, startGateway } from './support/start-gateway.ts'

/** Longer than a test lasts. */
const never = 600_000
/** A limit that is to pass, and its bound for liveness. */
const soon = 150
const bound = 10 * soon

async function timed<T>(work: Promise<T>): Promise<{ result: T; took: number }> {
  const startedAt = performance.now()
  return { result: await work, took: performance.now() - startedAt }
}

describe('connect_timeout', () => {
  test('is a 504 where the connection is not made in time, and upstream is let go of', async () => {
    // It takes the connection, and never says a word of TLS.
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    onTestFinished(() => void silent.close())
    const left = once(silent, 'connection').then(([socket]) => once(socket.resume(), 'close'))
    const endpoint = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`
    const gateway = await startGateway({ routes: [aiRoute(endpoint, { timeout: never, connect_timeout: soon })] })
    const { result, took } = await timed(askRaw(gateway.url + chat.path, { body: chat.body }))
    expect(result.status).toBe(504)
    expect(errorIn(result)).toMatch(/^openai could not be reached /)
    expect(took).toBeLessThan(bound)
    await left
    expect(await gateway.lines(1)).toMatchObject([{ status: 504, outcome: 'stalled', upstream_status: null }])
  })
})

// Every dialect under every stall: fault-table.test.ts.
describe('a clock', () => {
  const says = chat
  const { api, provider, quiet, terminal } = says

  test.for([
    ['without a head', { stallBeforeFirstByteMs: 'forever' }, `${provider} did not answer within ${soon} ms`],
    ['behind a head', { stallAfter: 0 }, `${provider} sent nothing behind its head within ${soon} ms`],
  ] as const)('first_byte_timeout is a 504 for silence %s, whole and streamed', async ([, script, message]) => {
    const { mock, ask, stream, lines } = await stage(says, { timeout: never, first_byte_timeout: soon })
    mock.script(script, script)
    for (const send of [ask, stream]) {
      const { result, took } = await timed(send())
      expect(result).toMatchObject({ status: 504, isWhole: true })
      expect(errorIn(result)).toBe(message)
      expect(took).toBeLessThan(bound)
    }
    expect(await lines(2)).toMatchObject([
      { status: 504, outcome: 'stalled' },
      { status: 504, outcome: 'stalled' },
    ])
  })

  test('first_byte_timeout, not idle_timeout, counts for a head that came at once', async () => {
    const { mock, ask, stream } = await stage(says, { first_byte_timeout: never, idle_timeout: soon })
    const script = { stallAfter: 0, stallMs: 3 * soon }
    mock.script(script, script)
    expect(await ask()).toMatchObject({ status: 200, isWhole: true })
    expect(await stream()).toMatchObject({ status: 200, isWhole: true })
  })

  test('behind the commit, first_byte_timeout is an error in the stream, and the cut', async () => {
    const { mock, stream, lines } = await stage(says, { timeout: never, first_byte_timeout: 3 * soon, commit_ms: 50 })
    mock.script({ stallAfter: 0 })
    const answer = await stream()
    expect(answer).toMatchObject({ status: 200, isWhole: false })
    expect(viewStream(api, answer.body).error).toBe(`${provider} sent nothing behind its head within ${3 * soon} ms`)
    expect(await lines()).toMatchObject([{ status: 200, outcome: 'stalled' }])
  })

  test('idle_timeout counts bytes: comments keep a stream alive', async () => {
    const { mock, stream, lines } = await stage(says, { timeout: never, first_byte_timeout: soon, idle_timeout: soon })
    mock.script({ comments: 8, chunk: 100_000, slowBodyMs: soon / 3, words: 1 })
    expect(await stream()).toMatchObject({ status: 200, isWhole: true })
    expect(await lines()).toMatchObject([{ outcome: 'complete' }])
  })

  test('idle_timeout is a 504 before the commit, and an error in the stream behind it', async () => {
    const early = await stage(says, { timeout: never, idle_timeout: soon })
    early.mock.script({ stallAfter: quiet }, { slowBodyMs: 4 * soon })
    for (const send of [early.stream, early.ask]) {
      const { result, took } = await timed(send())
      expect(result).toMatchObject({ status: 504, isWhole: true })
      expect(errorIn(result)).toBe(`${provider} sent nothing for ${soon} ms`)
      expect(took).toBeLessThan(bound)
    }
    early.mock.script({ stallAfter: quiet + 3 })
    const { result, took } = await timed(early.stream())
    expect(result).toMatchObject({ status: 200, isWhole: false })
    expect(viewStream(api, result.body).error).toBe(`${provider} sent nothing for ${soon} ms`)
    expect(result.body.toString()).not.toContain(terminal)
    expect(took).toBeLessThan(bound)
    expect(await early.lines(3)).toMatchObject([
      { status: 504, outcome: 'stalled' },
      { status: 504, outcome: 'stalled' },
      { status: 200, outcome: 'stalled' },
    ])
  })

  test('total_timeout ends a whole answer that is too slow, however steadily it comes, and may not be tried again', async () => {
    const { mock, ask, lines } = await stage(says, { total_timeout: 2 * soon })
    mock.script({ stallBeforeFirstByteMs: 'forever' }, { slowBodyMs: soon })
    for (const _ of ['silent', 'slow']) {
      const { result, took } = await timed(ask())
      expect(result).toMatchObject({ status: 504, isWhole: true })
      expect(result.headers['x-should-retry']).toBe('false')
      expect(errorIn(result)).toBe('total_timeout exceeded')
      expect(took).toBeLessThan(bound)
    }
    expect(await lines(2)).toMatchObject([{ outcome: 'stalled' }, { outcome: 'upstream_error' }])
  })

  test('total_timeout ends a stream that goes on and on, in the stream', async () => {
    const { mock, stream, lines } = await stage(says, { total_timeout: 2 * soon, max_stream_duration_ms: never })
    mock.script({ words: 2000, tokensPerSecond: 200 })
    const { result, took } = await timed(stream())
    expect(result).toMatchObject({ status: 200, isWhole: false })
    expect(viewStream(api, result.body).error).toBe('total_timeout exceeded')
    expect(took).toBeLessThan(bound)
    expect(await (await mock.waitForRequest()).closed).toMatchObject({ by: 'client' })
    expect(await lines()).toMatchObject([{ outcome: 'truncated' }])
  })

  test('the shorter of total_timeout and max_stream_duration_ms ends a stream', async () => {
    const { mock, stream } = await stage(says, { total_timeout: never, max_stream_duration_ms: 2 * soon })
    mock.script({ words: 2000, tokensPerSecond: 200 })
    expect(viewStream(api, (await stream()).body).error).toBe('max_stream_duration_ms exceeded')
  })

  test('commit_ms is how long the head waits for content, and a failure has a status until then', async () => {
    const hasty = await stage(says, { commit_ms: 50 })
    hasty.mock.script({ stallAfter: quiet })
    const { result: reading, took } = await timed(hasty.open())
    expect(reading.status).toBe(200)
    expect(took).toBeLessThan(900) // the default is 1000
    reading.hangUp()
    const patient = await stage(says, { commit_ms: never })
    patient.mock.script({ stallAfter: quiet, stallMs: 1200, errorEvent: quiet, message: 'No.' })
    expect(await patient.stream()).toMatchObject({ status: 500, isWhole: true })
  })
})

test('timeout feeds the clocks that are not set by themselves', async () => {
  const { mock, ask, stream, lines } = await stage(chat, { timeout: soon })
  mock.script({ stallBeforeFirstByteMs: 'forever' }, { stallAfter: chat.quiet + 2 })
  expect((await ask()).status).toBe(504)
  expect(await stream()).toMatchObject({ status: 200, isWhole: false })
  expect(await lines(2)).toMatchObject([{ outcome: 'stalled' }, { outcome: 'stalled' }])
})
