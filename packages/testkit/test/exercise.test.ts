import { ConfigError, definePlugin, HttpError, json, Type, type Plugin } from '@sluice/kernel'
import { expect, test } from 'vitest'
import { chatRequest, eventStream, exercise } from '../src/index.ts'

const tag = definePlugin({
  name: 'tag',
  priority: 10,
  schema: Type.Object({ value: Type.String({ default: 'none' }) }, { additionalProperties: false }),
  setup: ({ value }) => ({
    rewrite: async ({ request: { body } }) => {
      await body.read()
      body.document.set('tag', value)
    },
  }),
})

/** Notes what happens to it, in order. */
function noting(notes: string[], hooks: Partial<Record<'access' | 'proxy' | 'log' | 'dispose', () => void>> = {}): Plugin {
  return definePlugin({
    name: 'noting',
    priority: 5,
    schema: Type.Object({}),
    setup: () => ({
      access: () => hooks.access?.(),
      proxy: async (_, next) => {
        const reply = await next()
        notes.push('proxy')
        return reply
      },
      log: ({ outcome, delivery }) => void notes.push(`log ${outcome} ${delivery?.status} ${delivery?.bodyBytes}`),
      dispose: () => void notes.push('dispose'),
    }),
  })
}

test('it answers with a chat completion that says ok', async () => {
  const { reply, outcome, sent } = await exercise(tag, { value: 'x' }, chatRequest('Hello'))
  expect(reply.status).toBe(200)
  expect(JSON.parse(reply.body)).toMatchObject({ choices: [{ message: { role: 'assistant', content: 'ok' } }] })
  expect(outcome).toBe('complete')
  expect(sent?.chat).toEqual({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }], tag: 'x' })
})

test('it fills in defaults and reports every problem of a configuration', async () => {
  expect((await exercise(tag, {}, chatRequest('Hello'))).sent?.json).toMatchObject({ tag: 'none' })
  const refused = exercise(tag, { value: 1, colour: 'red' }, chatRequest('Hello'), { behind: [[noting([]), 'no object']] })
  await expect(refused).rejects.toThrow(ConfigError)
  await expect(refused).rejects.toMatchObject({
    issues: [
      { path: ['plugins', 'tag', 'colour'], message: 'is not a known field' },
      { path: ['plugins', 'tag', 'value'] },
      { path: ['plugins', 'noting'], message: 'must be an object' },
    ],
  })
})

test('it shows a body that no plugin has read as the client sent it', async () => {
  const { sent, ctx } = await exercise(noting([]), {}, { body: '{ "a" : 1.0 }' })
  expect(sent?.text).toBe('{ "a" : 1.0 }')
  expect(ctx.request.body.isRead).toBe(false)
})

test('it runs the log phase after the last byte, once for each request, and ends plugins on dispose', async () => {
  const notes: string[] = []
  const events = [{ data: { a: 1 } }, { event: 'ping', data: 'x' }, 'data: [DONE]\n\n']
  const answer = () => ({ status: 200, headers: {}, body: eventStream('openai-chat', events) })
  const { reply, send, dispose } = await exercise(noting(notes), {}, chatRequest('Hello'), { answer })
  expect(reply.events).toEqual([
    { event: '', data: '{"a":1}' },
    { event: 'ping', data: 'x' },
    { event: '', data: '[DONE]' },
  ])
  expect(notes).toEqual(['proxy', 'log complete 200 50'])
  const again = await send({ path: '/v1/other' })
  expect(again.reply.body).toBe(reply.body)
  expect(again.ctx.id).not.toBe((await send()).ctx.id)
  await dispose()
  expect(notes.slice(2)).toEqual(['proxy', 'log complete 200 50', 'proxy', 'log complete 200 50', 'dispose'])
})

test('it shows refusals as a client of the dialect gets them, and nothing sent where the rewrite phase ends the exchange', async () => {
  const refusing = definePlugin({
    name: 'refusing',
    priority: 1,
    schema: Type.Object({}),
    setup: () => ({
      rewrite: () => {
        throw new HttpError(403, 'not_today', 'not today')
      },
    }),
  })
  const { reply, outcome, sent } = await exercise(refusing, {}, chatRequest('Hello'))
  expect(reply.status).toBe(403)
  expect(JSON.parse(reply.body)).toMatchObject({ error_msg: 'not today' })
  expect(outcome).toBe('refused')
  expect(sent).toBeUndefined()
})

test('it answers a reply that is given as often as it is asked', async () => {
  const { reply, send } = await exercise(noting([]), {}, {}, { answer: json(418, { tea: true }) })
  expect(reply).toMatchObject({ status: 418, body: '{"tea":true}' })
  expect((await send()).reply.body).toBe('{"tea":true}')
})

test('it disposes of what was set up when a later setup fails', async () => {
  const notes: string[] = []
  const broken = definePlugin({ name: 'broken', priority: 1, schema: Type.Object({}), setup: () => Promise.reject(new Error('no disk')) })
  await expect(exercise(noting(notes), {}, {}, { behind: [broken] })).rejects.toThrow('plugins.broken: cannot be set up: no disk')
  expect(notes).toEqual(['dispose'])
})

const badge = definePlugin({
  name: 'badge',
  priority: 100,
  authenticates: true,
  schema: Type.Object({}),
  consumerSchema: Type.Object({ number: Type.Integer() }, { additionalProperties: false }),
  credentialKey: ({ number }) => String(number),
  setup: () => ({ rewrite: (ctx) => void (ctx.consumer = ctx.consumers.find('badge', String(ctx.request.headers['x-badge']))?.consumer) }),
})
const greeter = definePlugin({
  name: 'greeter',
  priority: 1,
  schema: Type.Object({ word: Type.String() }),
  setup: ({ word }) => ({ access: (ctx) => ctx.onReply(({ headers }) => void (headers['x-greeting'] = word)) }),
})
const showing = (number: string): { headers: Record<string, string> } => ({ headers: { 'x-badge': number } })

test('it knows consumers, and lets them bring plugins that are not on the route', async () => {
  const consumers = [
    { username: 'anna', plugins: { badge: { number: 1 }, greeter: { word: 'hers' } }, group: { id: 'gold', plugins: { greeter: { word: 'golden' } } } },
    { username: 'bob', credentials: { spare: { badge: { number: 2 } } }, group: { id: 'gold', plugins: { greeter: { word: 'golden' } } } },
  ]
  const { send } = await exercise(badge, {}, showing('1'), { consumers, brought: [greeter] })
  const seen = await Promise.all(['1', '2', '3'].map((number) => send(showing(number))))
  expect(seen.map(({ ctx, reply }) => [ctx.consumer, reply.headers['x-greeting']])).toEqual([
    [{ name: 'anna', groupId: 'gold' }, 'hers'],
    [{ name: 'bob', groupId: 'gold', credentialId: 'spare' }, 'golden'],
    [undefined, undefined],
  ])
})

test('it reports every problem of consumers', async () => {
  const consumers = [
    { username: 'anna', plugins: { badge: { number: 'one' }, greeter: {} } },
    { username: 'bob', plugins: { badge: { number: 2 } } },
    { username: 'carl', credentials: { x: { badge: { number: 2 } }, y: { greeter: { word: 'x' } } } },
  ]
  const { issues } = (await exercise(badge, {}, {}, { consumers, brought: [greeter] }).catch((error: unknown) => error)) as ConfigError
  expect(issues.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual([
    'consumers.0.plugins.greeter.word: is required',
    'consumers.0.plugins.badge.number: must be integer',
    'consumers.2.credentials.y.greeter: is no credential: greeter does not authenticate',
    'consumers.2.credentials.x.badge: duplicate key of plugin badge found with consumer: bob',
  ])
})
