import { describe, expect, test } from 'vitest'
import { viewStream } from './support/client-view.ts'
import { sendRaw } from './support/raw-client.ts'
import { asksForStream, errorIn, eventsOf, spoken, stage } from './support/stage.ts'

/** Whether a promise has settled by now. */
function watch(promise: Promise<unknown>): { readonly isOver: boolean } {
  const state = { isOver: false }
  const note = async (): Promise<void> => {
    await promise
    state.isOver = true
  }
  void note()
  return state
}

describe.for(spoken)('a stream of $api', (says) => {
  const { api, quiet, terminal } = says
  const behindHead = `${says.provider} sent nothing behind its head within 250 ms`

  test.for([1, 2, 5, 12])(
    'has reached the client while upstream is silent behind it: %i events with content',
    async (count) => {
      const { mock, open, upstream, gateway } = await stage(says)
      mock.script({ stallAfter: quiet + count })
      const reading = await open()
      const request = await mock.waitForRequest()
      const sent = eventsOf(await upstream())
        .slice(0, quiet + count)
        .join('')
      expect(await reading.until(sent.slice(-200))).toBe(sent)
      expect(watch(request.closed).isOver).toBe(false)
      reading.hangUp()
      expect(await request.closed).toMatchObject({ by: 'client' })
      expect(await gateway.lines(1)).toMatchObject([{ outcome: 'client_disconnect' }])
    },
  )

  test('arrives token by token', async () => {
    const { mock, open, gateway } = await stage(says)
    mock.script({ words: 30, tokensPerSecond: 50 })
    const reading = await open()
    const upstream = watch((await mock.waitForRequest()).closed)
    let reads = 0
    let early = 0
    for (let seen = reading.text().length; ; seen = reading.text().length) {
      if (reading.text().includes(terminal)) break
      await reading.more()
      if (reading.text().length > seen) reads++
      if (!upstream.isOver) early++
    }
    // A busy machine joins some.
    expect(reads).toBeGreaterThan(10)
    expect(early).toBeGreaterThan(10)
    const [line] = await gateway.lines(1)
    expect(line!['llm_time_to_first_token']).toBeLessThan(Number(line!['apisix_upstream_response_time']) / 2)
  })

  test.for([
    ['LF', { chunk: 1 }],
    ['CRLF', { chunk: 1, crlf: true }],
    ['CR', { chunk: 1, cr: true }],
    ['CRLF in threes', { chunk: 3, crlf: true }],
  ] as const)('keeps its bytes whatever its chunks and line ends are: %s', async ([, script]) => {
    const { mock, stream, upstream, gateway } = await stage(says)
    mock.script(script)
    const answer = await stream(says.wantsUsage)
    expect(answer).toMatchObject({ status: 200, isWhole: true })
    expect(answer.body.toString()).toBe((await upstream(script)).toString())
    expect(await gateway.lines(1)).toMatchObject([
      { outcome: 'complete', usage_source: 'provider', llm_prompt_tokens: 3 },
    ])
  })

  test('has the head of an event stream and no length', async () => {
    const { stream } = await stage(says)
    const { headers } = await stream()
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    })
    expect(headers).not.toHaveProperty('content-length')
    expect(headers).not.toHaveProperty('content-encoding')
  })

  test.for([
    ['a pause', { stallAfter: quiet + 3 }],
    ['full speed', { words: 10_000, tokensPerSecond: 5000 }],
  ] as const)(
    'that the client leaves closes the connection to the provider within a second: at %s',
    async ([, script]) => {
      const { mock, open, lines } = await stage(says)
      mock.script(script)
      const reading = await open()
      while (eventsOf(Buffer.from(reading.text())).length < quiet + 3) await reading.more()
      const leftAt = performance.now()
      reading.hangUp()
      const { by, at } = await (await mock.waitForRequest()).closed
      expect(by).toBe('client')
      expect(at - leftAt).toBeLessThan(1000)
      expect(await lines()).toMatchObject([
        { outcome: 'client_disconnect', usage_source: says.tellsUsageEarly ? 'partial' : 'none' },
      ])
    },
  )

  test.for([
    ['its head is there', { stallBeforeFirstByteMs: 'forever' }],
    ['there is content', { stallAfter: quiet }],
  ] as const)('that the client leaves before %s closes the connection too', async ([, script]) => {
    const { mock, gateway, lines } = await stage(says)
    mock.script(script)
    const { path, says: streams } = asksForStream(says)
    const { hangUp, answer } = sendRaw(gateway.url + path, { body: { ...says.body, ...streams } })
    const request = await mock.waitForRequest()
    const leftAt = performance.now()
    hangUp()
    await expect(answer).rejects.toThrow('socket hang up')
    const { by, at } = await request.closed
    expect(by).toBe('client')
    expect(at - leftAt).toBeLessThan(1000)
    expect(await lines()).toMatchObject([{ outcome: 'client_disconnect', status: 499 }])
  })

  test.for([
    ['ends without its end', { endAfter: quiet + 6 }, `${says.provider} ended the stream before it was complete`],
    ['is cut', { cutAfter: quiet + 6 }, `${says.provider} closed the connection`],
    [
      'lacks only its last event',
      { endAfter: api === 'chat' ? -2 : -1 },
      `${says.provider} ended the stream before it was complete`,
    ],
  ] as const)('that %s behind content is told so, and cut', async ([, script, message]) => {
    const { mock, stream, upstream, lines } = await stage(says, { include_usage: 'never' })
    mock.script(script)
    const answer = await stream()
    const sent = await upstream({ endAfter: Object.values(script)[0] as number })
    expect(answer).toMatchObject({ status: 200, isWhole: false })
    expect(answer.body.toString().startsWith(sent.toString())).toBe(true)
    expect(eventsOf(answer.body.subarray(sent.length))).toHaveLength(1)
    expect(answer.body.toString()).not.toContain(terminal)
    expect(viewStream(api, answer.body)).toEqual({ ...viewStream(api, sent), error: message })
    expect(await lines()).toMatchObject([
      { outcome: 'truncated', status: 200, usage_source: says.tellsUsageEarly ? 'partial' : 'none' },
    ])
  })

  test('that is cut in the middle of an event is relayed up to the last whole one', async () => {
    const { mock, stream, upstream } = await stage(says)
    const script = { cutAfterBytes: 4000 }
    mock.script(script)
    const answer = await stream()
    const whole = eventsOf(await upstream(script))
      .slice(0, -1)
      .join('')
    expect(answer).toMatchObject({ status: 200, isWhole: false })
    expect(answer.body.toString().startsWith(whole)).toBe(true)
    expect(eventsOf(answer.body.subarray(Buffer.byteLength(whole)))).toHaveLength(1)
    expect(viewStream(api, answer.body).error).toBe(`${says.provider} closed the connection`)
  })

  test.for([
    ['ends before content', { endAfter: quiet }, 502, `${says.provider} ended the stream before it was complete`],
    ['is cut before content', { cutAfter: quiet }, 502, `${says.provider} closed the connection`],
    ['is cut at once', { cutAfter: 0 }, 502, `${says.provider} closed the connection`],
    ['ends at once', { endAfter: 0 }, 502, `${says.provider} ended the stream before it was complete`],
    ['never begins', { resetOnAccept: true }, 502, /^\w+ (?:closed|reset) the connection$/],
    ['stands still before content', { stallAfter: quiet }, 504, quiet > 0 ? `${says.provider} sent nothing for 250 ms` : behindHead],
    ['stands still behind its head', { stallAfter: 0 }, 504, behindHead],
    [
      'stands still before its head',
      { stallBeforeFirstByteMs: 'forever' },
      504,
      `${says.provider} did not answer within 250 ms`,
    ],
  ] as const)('that %s is an HTTP error', async ([, script, status, message]) => {
    const { mock, stream, lines } = await stage(says, { timeout: 250 })
    mock.script(script)
    const answer = await stream()
    expect(answer).toMatchObject({ status, isWhole: true })
    expect(answer.headers['content-type']).toBe('application/json')
    expect(errorIn(answer)).toMatch(message)
    expect(await lines()).toMatchObject([{ status, outcome: status === 504 ? 'stalled' : 'upstream_error' }])
  })

  test('that stands still behind content is told so, and cut', async () => {
    const { mock, stream, upstream, lines } = await stage(says, { timeout: 250 })
    mock.script({ stallAfter: quiet + 6 })
    const answer = await stream()
    const sent = await upstream({ endAfter: quiet + 6 })
    expect(answer).toMatchObject({ status: 200, isWhole: false })
    expect(viewStream(api, answer.body)).toEqual({
      ...viewStream(api, sent),
      error: `${says.provider} sent nothing for 250 ms`,
    })
    expect(answer.body.toString()).not.toContain(terminal)
    expect(await (await mock.waitForRequest()).closed).toMatchObject({ by: 'client' })
    expect(await lines()).toMatchObject([{ outcome: 'stalled', status: 200 }])
  })

  test('that stands still behind its own end is whole', async () => {
    const { mock, stream, lines } = await stage(says, { timeout: 250 })
    mock.script({ stallAfter: 1000 })
    const answer = await stream()
    expect(answer).toMatchObject({ status: 200, isWhole: true })
    expect(answer.body.toString()).toContain(terminal)
    expect(await lines()).toMatchObject([{ outcome: 'complete', usage_source: 'provider' }])
  })

  test('that would last too long is ended soon after its time', async () => {
    const { mock, stream, lines } = await stage(says, { max_stream_duration_ms: 400 })
    mock.script({ words: 2000, tokensPerSecond: 200 })
    const startedAt = performance.now()
    const answer = await stream()
    const took = performance.now() - startedAt
    expect(took).toBeGreaterThan(380)
    expect(took).toBeLessThan(1400)
    expect(answer).toMatchObject({ status: 200, isWhole: false })
    expect(viewStream(api, answer.body).error).toBe('max_stream_duration_ms exceeded')
    expect(answer.body.toString()).not.toContain(terminal)
    expect(await (await mock.waitForRequest()).closed).toMatchObject({ by: 'client' })
    expect(await lines()).toMatchObject([{ outcome: 'truncated' }])
  })

  test('that has not begun when its time is over is a 504', async () => {
    const { mock, stream, lines } = await stage(says, { max_stream_duration_ms: 150 })
    mock.script({ stallBeforeFirstByteMs: 'forever' })
    const answer = await stream()
    expect(answer.status).toBe(504)
    expect(errorIn(answer)).toBe('max_stream_duration_ms exceeded')
    expect(await lines()).toMatchObject([{ status: 504, outcome: 'stalled' }])
  })

  test('that grows too large is told so, and cut', async () => {
    const { mock, stream, lines } = await stage(says, { max_response_bytes: 8000 })
    mock.script({ words: 2000, tokensPerSecond: 2000 })
    const answer = await stream()
    expect(answer).toMatchObject({ status: 200, isWhole: false })
    expect(viewStream(api, answer.body).error).toBe('max_response_bytes exceeded')
    expect(await (await mock.waitForRequest()).closed).toMatchObject({ by: 'client' })
    expect(await lines()).toMatchObject([{ outcome: 'truncated' }])
  })

  test.for([0, 1].filter((at) => at <= quiet))('whose event %i is an error has its status', async (at) => {
    const { mock, stream, lines } = await stage(says)
    mock.script({ errorEvent: at, message: 'Not today.', headers: { 'retry-after': '7' } })
    const answer = await stream()
    const status = { messages: 529, gemini: 503, bedrock: 503, chat: 500, responses: 500 }[api]
    expect(answer).toMatchObject({ status, isWhole: true })
    expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'retry-after': '7' })
    expect(errorIn(answer)).toBe('Not today.')
    expect(await lines()).toMatchObject([{ outcome: 'upstream_error', status, upstream_status: 200 }])
  })

  test('whose later event is an error is relayed, and cut', async () => {
    const { mock, stream, upstream, lines } = await stage(says)
    const script = { errorEvent: quiet + 4, message: 'Not today.' }
    mock.script(script)
    const answer = await stream()
    expect(answer).toMatchObject({ status: 200, isWhole: false })
    expect(answer.body.toString()).toBe((await upstream(script)).toString())
    expect(viewStream(api, answer.body).error).toBe('Not today.')
    expect(await lines()).toMatchObject([
      { outcome: 'upstream_error', status: 200, usage_source: says.tellsUsageEarly ? 'partial' : 'none' },
    ])
  })

  test.for([{ gzip: true }, { gzip: true, chunk: 1 }])(
    'that is compressed without being asked is unpacked: %o',
    async (script) => {
      const { mock, stream, upstream, lines } = await stage(says)
      mock.script(script)
      const answer = await stream(says.wantsUsage)
      expect(answer).toMatchObject({ status: 200, isWhole: true })
      expect(answer.headers).not.toHaveProperty('content-encoding')
      expect(answer.body.toString()).toBe((await upstream()).toString())
      expect(await lines()).toMatchObject([{ outcome: 'complete', usage_source: 'provider' }])
    },
  )

  test('that is compressed flows, and is told where it is cut', async () => {
    const { mock, open, lines } = await stage(says, { timeout: 250 })
    mock.script({ gzip: true, stallAfter: quiet + 4 })
    const reading = await open()
    await reading.until('1+1').catch(() => {}) // some of the text has come before the stall is noticed
    const answer = await reading.rest()
    expect(answer).toMatchObject({ status: 200, isWhole: false })
    expect(viewStream(api, answer.body)).toMatchObject({
      choices: [{ finish: null }],
      error: `${says.provider} sent nothing for 250 ms`,
    })
    expect(await lines()).toMatchObject([{ outcome: 'stalled' }])
  })

  test('keeps the comments before its first event, which are no tokens', async () => {
    const { mock, stream, upstream, lines } = await stage(says)
    const script = { comments: 3, stallAfter: 0, stallMs: 100 }
    mock.script(script)
    const answer = await stream(says.wantsUsage)
    expect(answer.body.toString()).toBe((await upstream(script)).toString())
    expect(answer.body.toString().startsWith(': keep-alive\n\n: keep-alive\n\n: keep-alive\n\n')).toBe(true)
    const [line] = await lines()
    expect(line).toMatchObject({ outcome: 'complete', usage_source: 'provider' })
    expect(line!['llm_time_to_first_token']).toBeGreaterThan(80)
  })

  test('that has nothing to say for a second gets its head, and what waited with it', async () => {
    const { mock, open, upstream } = await stage(says)
    mock.script({ stallAfter: quiet })
    const startedAt = performance.now()
    const reading = await open()
    expect(performance.now() - startedAt).toBeGreaterThan(900)
    expect(reading.status).toBe(200)
    const sent = (await upstream({ endAfter: quiet })).toString()
    expect(await reading.until(sent.slice(-100))).toBe(sent)
    reading.hangUp()
  })

  test('that is an error in JSON, asked as a stream, is one', async () => {
    const { mock, stream, lines } = await stage(says)
    mock.script({ errorIn200: true, message: 'Broken inside.' })
    const answer = await stream()
    // Anthropic's `api_error` names no status of its own.
    expect(answer).toMatchObject({ status: api === 'messages' ? 502 : 500, isWhole: true })
    expect(errorIn(answer)).toBe('Broken inside.')
    expect(await lines()).toMatchObject([{ outcome: 'upstream_error' }])
  })

  test('that comes as a whole answer is relayed as one', async () => {
    const { mock, ask, stream, lines } = await stage(says)
    const whole = await ask()
    mock.script({ body: whole.body.toString() })
    const answer = await stream()
    expect(answer).toMatchObject({ status: 200, isWhole: true })
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.body.equals(whole.body)).toBe(true)
    const [first, second] = await lines(2)
    expect(second).toMatchObject({
      outcome: 'complete',
      usage_source: 'provider',
      llm_total_tokens: first!['llm_total_tokens'],
    })
  })

  test('leaves exactly one line in the log, however it ends', async () => {
    const { mock, stream, ask, open, lines } = await stage(says, { timeout: 250 })
    const ends = [
      [{}, 'complete'],
      [{ endAfter: quiet + 2 }, 'truncated'],
      [{ cutAfter: quiet + 2 }, 'truncated'],
      [{ cutAfter: quiet }, 'upstream_error'],
      [{ stallAfter: quiet + 2 }, 'stalled'],
      [{ stallBeforeFirstByteMs: 'forever' }, 'stalled'],
      [{ errorEvent: 0 }, 'upstream_error'],
      [{ errorEvent: quiet + 2 }, 'upstream_error'],
      [{ garbage: 'html' }, 'upstream_error'],
      [{ status: 500 }, 'upstream_error'],
    ] as const
    for (const [script] of ends) {
      mock.script(script)
      await stream()
    }
    mock.script({ stallAfter: quiet + 2 })
    const left = await open()
    left.hangUp()
    await ask()
    await ask()
    const all = await lines(ends.length + 3)
    expect(all.slice(0, ends.length).map((line) => line['outcome'])).toEqual(ends.map(([, outcome]) => outcome))
    expect(
      all
        .slice(ends.length)
        .map((line) => line['outcome'])
        .toSorted(),
    ).toEqual(['client_disconnect', 'complete', 'complete'])
    expect(new Set(all.map((line) => line['request_id'])).size).toBe(all.length)
  })
})
