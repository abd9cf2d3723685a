import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { viewWhole } from './support/client-view.ts'
import { sendRaw } from './support/raw-client.ts'
import { asksForStream, errorIn, spoken, stage } from './support/stage.ts'

describe.for(spoken)('a whole answer of $api', (says) => {
  const { api, provider } = says

  test.for([
    ['is not HTTP', { garbage: 'http' }, `${provider} sent an answer that is not HTTP`],
    [
      'is half of its JSON',
      { garbage: 'json' },
      `${provider} answered with a body that is not JSON (application/json)`,
    ],
    ['is a page', { garbage: 'html' }, `${provider} answered with a body that is not JSON (text/html)`],
    ['is empty', { garbage: 'empty' }, `${provider} answered with an empty body`],
    ['is a 204', { status: 204 }, `${provider} answered with an empty body`],
    ['is cut', { cutAfterBytes: 100 }, `${provider} closed the connection`],
    ['is shorter than it said', { contentLength: 9999 }, `${provider} closed the connection`],
    ['is reset', { resetOnAccept: true }, /^\w+ (?:closed|reset) the connection$/],
  ] as const)('that %s is a 502', async ([, script, message]) => {
    const { mock, ask, stream, lines } = await stage(says)
    mock.script(script)
    const answer = await ask()
    expect(answer).toMatchObject({ status: 502, isWhole: true })
    expect(answer.headers['content-type']).toBe('application/json')
    expect(errorIn(answer)).toMatch(message)
    // The next one is none the worse for it.
    expect(await stream()).toMatchObject({ status: 200, isWhole: true })
    expect(await lines(2)).toMatchObject([{ outcome: 'upstream_error', status: 502 }, { outcome: 'complete' }])
  })

  test.for([
    ['before its head', { stallBeforeFirstByteMs: 'forever' }, `${provider} did not answer within 250 ms`],
    ['behind its head', { stallAfter: 0 }, `${provider} sent nothing behind its head within 250 ms`],
  ] as const)('that upstream is silent about %s is a 504', async ([, script, message]) => {
    const { mock, ask, lines } = await stage(says, { timeout: 250 })
    mock.script(script)
    const answer = await ask()
    expect(answer).toMatchObject({ status: 504, isWhole: true })
    expect(errorIn(answer)).toMatch(message)
    expect(await (await mock.waitForRequest()).closed).toMatchObject({ by: 'client' })
    expect(await lines()).toMatchObject([{ outcome: 'stalled', status: 504 }])
  })

  test('may take longer than a stream may last', async () => {
    const { mock, ask } = await stage(says, { max_stream_duration_ms: 100 })
    mock.script({ stallBeforeFirstByteMs: 250 })
    expect(await ask()).toMatchObject({ status: 200, isWhole: true })
  })

  test.for([
    ['declared', {}],
    ['in chunks', { comments: 1 }],
  ] as const)('that is too large is a 502: %s', async ([, script]) => {
    const { mock, ask, lines } = await stage(says, { max_response_bytes: 1000 })
    mock.script({ ...script, words: 1500 })
    const answer = await ask()
    expect(answer.status).toBe(502)
    expect(errorIn(answer)).toBe('max_response_bytes exceeded')
    expect(await lines()).toMatchObject([{ outcome: 'upstream_error', status: 502 }])
  })

  test.for([{ chunk: 1 }, { gzip: true }, { gzip: true, chunk: 1 }, { comments: 2 }])(
    'keeps its bytes: %o',
    async (script) => {
      const { mock, ask, upstream, lines } = await stage(says)
      mock.script(script)
      const answer = await ask()
      expect(answer).toMatchObject({ status: 200, isWhole: true })
      expect(answer.headers).not.toHaveProperty('content-encoding')
      expect(answer.headers['content-length']).toBe(String(answer.body.length))
      const plain = await upstream('comments' in script ? script : {})
      expect(answer.body.equals(plain)).toBe(true)
      expect(viewWhole(api, answer.body).choices[0]).toMatchObject({ finish: 'stop' })
      expect(await lines()).toMatchObject([{ outcome: 'complete', usage_source: 'provider', llm_prompt_tokens: 3 }])
    },
  )

  test.for([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['zstd', zstdCompressSync],
  ] as const)('that is compressed without being asked is unpacked: %s', async ([encoding, pack]) => {
    const { mock, ask, stream, lines } = await stage(says)
    const [whole, streamed] = [await ask(), await stream()]
    const headers = { 'content-encoding': encoding }
    mock.script({ body: pack(whole.body), contentType: 'application/json', headers })
    mock.script({ event: pack(streamed.body), headers })
    expect((await ask()).body.equals(whole.body)).toBe(true)
    expect((await stream()).body.equals(streamed.body)).toBe(true)
    expect(await lines(4)).toMatchObject(Array.from({ length: 4 }, () => ({ outcome: 'complete' })))
  })

  test.for(['sdch', 'gzip, br'])('in an encoding that nobody knows is a 502: %s', async (encoding) => {
    const { mock, ask, lines } = await stage(says)
    mock.script({ headers: { 'content-encoding': encoding } })
    const answer = await ask()
    expect(answer.status).toBe(502)
    expect(errorIn(answer)).toBe('upstream answered in a content encoding that is not known here')
    expect(await lines()).toMatchObject([{ outcome: 'upstream_error' }])
  })

  test('that comes as a stream all the same is relayed as one', async () => {
    const { mock, ask, stream, lines } = await stage(says)
    const streamed = await stream(says.wantsUsage)
    mock.script({ event: streamed.body.toString() })
    const answer = await ask()
    expect(answer).toMatchObject({ status: 200, isWhole: true })
    expect(answer.headers['content-type']).toContain('text/event-stream')
    expect(answer.body.equals(streamed.body)).toBe(true)
    const [first, second] = await lines(2)
    expect(second).toMatchObject({
      outcome: 'complete',
      usage_source: 'provider',
      llm_total_tokens: first!['llm_total_tokens'],
    })
  })

  test.for([
    ['529', { status: 529, message: 'Overloaded' }, 529, 'Overloaded'],
    ['402', { status: 402, message: 'Pay first.' }, 402, 'Pay first.'],
    ['429, compressed', { status: 429, message: 'Slowly.', gzip: true }, 429, 'Slowly.'],
    ['a redirect', { redirect: true }, 307, 'Upstream returned HTTP 307 (text/plain)'],
    [
      'a page',
      { status: 503, body: '<html>Down</html>', contentType: 'text/html' },
      503,
      'Upstream returned HTTP 503 (text/html)',
    ],
    ['an error of another API', { status: 400, body: { detail: 'No such thing.' } }, 400, 'No such thing.'],
  ] as const)('that is refused keeps its status: %s', async ([, script, status, message]) => {
    for (const members of [{}, { stream: true }]) {
      const { mock, ask, lines } = await stage(says)
      mock.script(script)
      const answer = await ask(members)
      expect(answer).toMatchObject({ status, isWhole: true })
      expect(answer.headers).not.toHaveProperty('location')
      expect(answer.headers).not.toHaveProperty('content-encoding')
      expect(answer.headers['content-type']).toMatch(/^application\/json/)
      expect(JSON.parse(answer.body.toString())).toMatchObject({
        error: { message, [api === 'gemini' ? 'status' : 'type']: expect.any(String) as string },
      })
      expect(await lines()).toMatchObject([{ outcome: 'upstream_error', status, upstream_status: status }])
    }
  })

  test('to a HEAD has a head and nothing else', async () => {
    const { mock, gateway, lines } = await stage(says)
    const head = sendRaw(gateway.url + asksForStream(says).path, { method: 'HEAD', body: { ...says.body, ...asksForStream(says).says } })
    const answer = await (await head.answer).rest()
    expect(answer).toMatchObject({ status: 200, isWhole: true })
    expect(answer.body).toHaveLength(0)
    await (
      await mock.waitForRequest()
    ).closed
    expect(await lines()).toMatchObject([{ method: 'HEAD', status: 200 }])
  })
})
