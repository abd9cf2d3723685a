import { describe, expect, test } from 'vitest'
import { viewStream } from './support/client-view.ts'
import { chat, errorIn, eventsOf, messages, responses, stage } from './support/stage.ts'

const done = 'data: [DONE]\n\n'

function eventOf(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`
}

function delta(content: string, finish: string | null = null): string {
  return eventOf({ id: 'c', model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: finish }] })
}

/** The same of the choice behind the first. */
function ofSecond(content: string, finish: string | null = null): string {
  return delta(content, finish).replace('"index":0', '"index":1')
}

describe('the end of a chat', () => {
  test.for([
    ['is given one where upstream sends none', [delta('A'), delta('', 'stop')], [delta('A'), delta('', 'stop'), done]],
    [
      'is sent once where upstream sends it twice',
      [delta('A'), delta('', 'stop'), done, done],
      [delta('A'), delta('', 'stop'), done],
    ],
    ['is enough without a finish reason', [delta('A'), done], [delta('A'), done]],
    [
      'may lack its blank line',
      [delta('A'), delta('', 'stop'), 'data: [DONE]'],
      [delta('A'), delta('', 'stop'), 'data: [DONE]'],
    ],
    [
      'is told apart from a finish that lacks its blank line',
      [delta('A'), delta('', 'stop').trim()],
      [delta('A'), delta('', 'stop'), done],
    ],
    [
      'comes behind a finish, not behind a fragment',
      [delta('A'), delta('', 'stop'), 'data: {"choi'],
      [delta('A'), delta('', 'stop'), done],
    ],
    [
      'may be followed by a comment',
      [delta('A'), delta('', 'stop'), done, ': bye\n\n'],
      [delta('A'), delta('', 'stop'), done, ': bye\n\n'],
    ],
  ] as const)('%s', async ([, sent, expected]) => {
    for (const chunk of [undefined, 1]) {
      const { mock, stream, lines } = await stage(chat)
      mock.script({ event: sent, ...(chunk && { chunk }) })
      const answer = await stream()
      expect(answer).toMatchObject({ status: 200, isWhole: true })
      expect(answer.body.toString()).toBe(expected.join(''))
      expect(await lines()).toMatchObject([{ outcome: 'complete' }])
    }
  })

  test.for([
    ['upstream cuts it off', { cutAfter: -1 }],
    ['upstream stands still', { stallAfter: -1 }],
  ] as const)('is given one where %s behind the finish', async ([, script]) => {
    const { mock, stream, lines } = await stage(chat, { timeout: 250, include_usage: 'never' })
    mock.script(script)
    const answer = await stream()
    expect(answer).toMatchObject({ status: 200, isWhole: true })
    expect(answer.body.toString().match(/\[DONE\]/g)).toHaveLength(1)
    expect(await lines()).toMatchObject([{ outcome: 'complete' }])
  })

  test.for([
    ['an error event', `data: ${JSON.stringify({ error: { message: 'No more.', code: 502 } })}\n\n`],
    ['a finish reason that is an error', delta('', 'error')],
  ])('is never sent behind %s', async ([, failed]) => {
    const { mock, stream, lines } = await stage(chat)
    mock.script({ event: [delta('A'), failed!, done] })
    const answer = await stream()
    expect(answer).toMatchObject({ status: 200, isWhole: false })
    expect(answer.body.toString()).toBe(delta('A') + failed!)
    expect(await lines()).toMatchObject([{ outcome: 'upstream_error' }])
  })

  test.for([
    ['a fragment', 'data: {"choices":[{"index":0,"delta":{"content":"B"},"finish_reason":"stop"'],
    ['the name of an event', 'event: message'],
  ])('is not %s behind the last whole event', async ([, rest]) => {
    const { mock, stream, lines } = await stage(chat)
    mock.script({ event: [delta('A'), rest!] })
    const answer = await stream()
    expect(answer).toMatchObject({ status: 200, isWhole: false })
    expect(viewStream('chat', answer.body)).toMatchObject({
      choices: [{ content: 'A', finish: null }],
      error: expect.any(String) as string,
    })
    expect(eventsOf(answer.body)).toHaveLength(2)
    expect(await lines()).toMatchObject([{ outcome: 'truncated' }])
  })

  test.for([
    ['two where two were asked for', 2, [delta('A'), delta('', 'stop')], true],
    ['one where one was asked for', 1, [delta('A'), delta('', 'stop')], false],
    ['two, one after the other', 2, [delta('A'), delta('', 'stop'), ofSecond('B'), ofSecond('', 'stop')], false],
  ] as const)('needs as many finish reasons as choices: %s', async ([, n, sent, isCut]) => {
    const { mock, stream, lines } = await stage(chat)
    mock.script({ event: sent })
    const answer = await stream({ n })
    expect(answer).toMatchObject({ status: 200, isWhole: !isCut })
    expect(answer.body.toString().endsWith(done)).toBe(!isCut)
    expect(await lines()).toMatchObject([{ outcome: isCut ? 'truncated' : 'complete' }])
  })

  test.for([
    ['in quotes', { n: '2', stream: true }],
    ['of an answer that was to be whole', { n: 2 }],
  ] as const)('needs as many finish reasons as choices, also with a number %s', async ([, members]) => {
    for (const [isCut, sent] of [
      [true, [delta('A'), delta('', 'stop')]],
      [false, [delta('A'), delta('', 'stop'), ofSecond('B'), ofSecond('', 'stop')]],
    ] as const) {
      const { mock, ask, lines } = await stage(chat)
      mock.script({ event: sent })
      expect(await ask(members)).toMatchObject({ status: 200, isWhole: !isCut })
      expect(await lines()).toMatchObject([{ outcome: isCut ? 'truncated' : 'complete' }])
    }
  })

  test('keeps the usage that was told before it broke off', async () => {
    const { mock, stream, lines } = await stage(chat)
    const usage = { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 }
    const counted = eventOf({ choices: [{ index: 0, delta: { content: 'A' } }], usage })
    mock.script({ event: counted, cutAfter: 1 })
    expect(await stream()).toMatchObject({ status: 200, isWhole: false })
    expect(await lines()).toMatchObject([
      { outcome: 'truncated', usage_source: 'partial', llm_prompt_tokens: 5, llm_completion_tokens: 1 },
    ])
  })
})

describe('the end of other dialects', () => {
  const failed = {
    type: 'response.failed',
    response: { object: 'response', status: 'failed', error: { code: 'server_error', message: 'No more.' } },
  }

  test('is response.failed where a response fails, and nothing is missing then', async () => {
    const { mock, stream, lines } = await stage(responses)
    const sent = [
      'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"A"}\n\n',
      `event: response.failed\ndata: ${JSON.stringify(failed)}\n\n`,
    ]
    mock.script({ event: sent })
    const answer = await stream()
    expect(answer).toMatchObject({ status: 200, isWhole: true })
    expect(answer.body.toString()).toBe(sent.join(''))
    expect(await lines()).toMatchObject([{ outcome: 'upstream_error' }])
  })

  test('is an HTTP error where a response fails before it says anything', async () => {
    const { mock, stream } = await stage(responses)
    mock.script({
      event: [
        'event: response.created\ndata: {"type":"response.created","response":{"object":"response"}}\n\n',
        `event: response.failed\ndata: ${JSON.stringify(failed)}\n\n`,
      ],
    })
    const answer = await stream()
    expect(answer.status).toBe(500)
    expect(errorIn(answer)).toBe('No more.')
  })

  test.for([
    [
      messages,
      eventOf({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'A' } }),
      'event: message_stop\ndata: {"type":"message_stop"}',
    ],
    [
      responses,
      'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"A"}\n\n',
      'data: {"type":"response.completed","response":{"output":[]}}',
    ],
  ] as const)('may lack its blank line', async ([says, first, last]) => {
    const { mock, stream, lines } = await stage(says)
    mock.script({ event: [first, last] })
    const answer = await stream()
    expect(answer).toMatchObject({ status: 200, isWhole: true })
    expect(answer.body.toString()).toBe(first + last)
    expect(await lines()).toMatchObject([{ outcome: 'complete' }])
  })
})

describe('an event', () => {
  test('of a mebibyte is relayed whole', async () => {
    const { mock, stream, lines } = await stage(chat)
    const events = [delta('x'.repeat(1024 * 1024)), delta('A'), done]
    mock.script({ event: events, chunk: 60_000 })
    const answer = await stream()
    expect(answer).toMatchObject({ status: 200, isWhole: true })
    expect(answer.body.equals(Buffer.from(events.join('')))).toBe(true)
    expect(await lines()).toMatchObject([{ outcome: 'complete' }])
  })

  test('beyond eight mebibytes is an error, behind what came before it', async () => {
    const { mock, stream, lines } = await stage(chat)
    mock.script({ event: [delta('A'), delta('x'.repeat(9 * 1024 * 1024)), done] })
    const answer = await stream()
    expect(answer).toMatchObject({ status: 200, isWhole: false })
    const [first, second, ...rest] = eventsOf(answer.body)
    expect([first, rest]).toEqual([delta('A'), []])
    expect(second).toContain('an event of the stream is larger than 8388608 bytes')
    expect(await lines()).toMatchObject([{ outcome: 'truncated' }])
  })

  test('without content, and more than 64 KiB of them, does not wait for content', async () => {
    const { mock, open } = await stage(chat)
    const quiet = Array.from({ length: 80 }, () => `: ${'x'.repeat(1000)}\n\n`)
    mock.script({ event: [...quiet, done], stallAfter: 80 })
    const startedAt = performance.now()
    const reading = await open()
    expect(performance.now() - startedAt).toBeLessThan(900)
    expect(reading.status).toBe(200)
    reading.hangUp()
  })
})

describe('an answer under the wrong content type', () => {
  const events = [delta('A'), delta('', 'stop'), done]
  const whole = {
    choices: [{ index: 0, message: { content: 'A' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 },
  }

  test.for([
    ['events as JSON', { contentType: 'application/json' }],
    ['events as text, in single bytes', { contentType: 'text/plain', chunk: 1 }],
    ['events behind blank lines', { contentType: 'application/json', event: ['\n\n', ...events] }],
    ['events behind a comment', { contentType: 'application/json', event: [': one moment\n\n', ...events], chunk: 1 }],
  ] as const)('is taken for what it is: %s', async ([, script]) => {
    const { mock, stream, lines } = await stage(chat)
    mock.script({ event: events, ...script })
    const answer = await stream()
    expect(answer).toMatchObject({ status: 200, isWhole: true })
    expect(answer.headers['content-type']).toBe('text/event-stream')
    expect(answer.headers).not.toHaveProperty('content-length')
    expect(answer.body.toString()).toBe(('event' in script ? script.event : events).join(''))
    expect(await lines()).toMatchObject([{ outcome: 'complete' }])
  })

  test.for([
    ['at once', {}],
    ['in single bytes', { chunk: 1 }],
    ['behind blank lines', { comments: 2 }],
  ] as const)('is taken for what it is: JSON as events, %s', async ([, script]) => {
    const { mock, stream, lines } = await stage(chat)
    mock.script({ body: whole, contentType: 'text/event-stream', ...script })
    const answer = await stream()
    expect(answer).toMatchObject({ status: 200, isWhole: true })
    expect(answer.headers['content-type']).toBe('application/json')
    expect(JSON.parse(answer.body.toString())).toEqual(whole)
    expect(await lines()).toMatchObject([{ outcome: 'complete', usage_source: 'provider', llm_prompt_tokens: 5 }])
  })

  test('has its error, too', async () => {
    const { mock, stream, lines } = await stage(chat)
    mock.script({
      body: { error: { message: 'Too many.', type: 'rate_limit_error' } },
      contentType: 'text/event-stream',
    })
    const answer = await stream()
    expect(answer).toMatchObject({ status: 429, isWhole: true })
    expect(errorIn(answer)).toBe('Too many.')
    expect(await lines()).toMatchObject([{ outcome: 'upstream_error' }])
  })
})
