import { request } from 'node:http'
import { expect, test } from 'vitest'
import { damaged, fuzzAsync, type Dice } from '../../../test/support/fuzz.ts'
import { operationsIn, Sampler, type Operation } from './from-document.ts'
import { adminKey, startAdmin, type AdminWorld } from './support/admin-world.ts'

const ids = ['a', 'b', '1', 'bob', 'default', 'second', 'key-auth', 'route', 'routes', 'vault', 'x%2Fy', '__proto__', '%00', '%zz', '..%2f..', 'x'.repeat(300), '%F0%9F%90%88', '%2e']
const queries = ['gateway_group_id=default', 'gateway_group_id=second', 'gateway_group_id=none', 'gateway_group_id=', 'page=0', 'page=1&page_size=10', 'page_size=1', 'ttl=100000', 'ttl=-1', 'force=true', 'name=(', 'name=a', 'uri=(%3F%3D', 'label=a', 'labels%5Ba%5D=b', 'filter=%zz', 'filter=service_id%3Da', 'service_id=a', 'all=true', 'subsystem=stream', 'schema_type=consumer', '%ff=%ff', '&&==']
const pieces = ['{', '}', '[', ']', '"', ':', ',', '\\', 'null', '"__proto__":', '"a":1,', '[[[[[', '\0', '\ufffd', '1e999', '- ', '\n', '&a *a']
const contentTypes = ['application/json', 'application/yaml', 'application/json-patch+json', 'text/plain', '']

interface Sent {
  readonly method: string
  readonly path: string
  readonly body: Buffer | undefined
  readonly headers: Readonly<Record<string, string>>
}

function sentBy(dice: Dice, operations: readonly Operation[], document: Readonly<Record<string, unknown>>): Sent {
  const operation = dice.pick(operations)
  const path = operation.path.replaceAll(/\{(\w+)\}/g, () => dice.pick(ids))
  // What ends by itself while it is looked at would be taken for a change.
  const asked = operation.query.filter(({ name }) => name !== 'ttl' && dice.perhaps(30))
  const own = asked.map(({ name, schema }) => `${name}=${encodeURIComponent(String(new Sampler(dice, document).value(schema)).toWellFormed())}`)
  const query = [...own, ...dice.some(2, () => dice.pick(queries))].join('&')
  const value = operation.body && new Sampler(dice, document).value(operation.body)
  const text = value === undefined ? undefined : Buffer.from(JSON.stringify(value))
  const body = text && dice.perhaps(15) ? damaged(text, dice, pieces) : text
  const contentType = dice.perhaps(80) ? 'application/json' : dice.pick(contentTypes)
  return {
    method: dice.perhaps(95) ? operation.method : dice.pick(['GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PURGE']),
    path: query === '' ? path : `${path}?${query}`,
    body,
    headers: { ...(contentType !== '' && { 'content-type': contentType }), ...(dice.perhaps(30) && { 'x-digest': dice.pick(['a', 'b', '']) }), ...(dice.perhaps(20) && { 'user-agent': 'Go-http-client/1.1' }), ...(dice.perhaps(10) && { accept: 'application/yaml' }) },
  }
}

/** Sends what `fetch` would not let through. */
async function answered(url: string, { method, path, body, headers }: Sent): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers: { 'x-api-key': adminKey, ...headers, ...(body && { 'content-length': body.length }) }, timeout: 10_000 }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.once('error', reject)
    })
    sent.once('timeout', () => sent.destroy(new Error('hangs')))
    sent.once('error', reject)
    sent.end(body)
  })
}

function held({ store }: AdminWorld): readonly unknown[] {
  return store.groups().flatMap((group) => [group, store.state(group.id)])
}

test('whatever the document lets one ask is answered, never with a 5xx, and what is refused changes nothing', async () => {
  const world = await startAdmin()
  await world.store.putGroup('second', { name: 'Second' })
  const document = (await world.ask('GET', '/apisix/admin/openapi.json')).body as Readonly<Record<string, unknown>>
  const operations = operationsIn(document)
  const seen = new Map<number, number>()
  const rounds = await fuzzAsync(1, async (dice) => {
    const sent = sentBy(dice, operations, document)
    const before = held(world)
    const { status, text } = await answered(world.url, sent)
    seen.set(status, (seen.get(status) ?? 0) + 1)
    const told = `${sent.method} ${sent.path} ${String(sent.body).slice(0, 500)} → ${status} ${text.slice(0, 500)}`
    if (status >= 500) throw new Error(told)
    if (status >= 400 && held(world).some((one, index) => one !== before[index])) throw new Error(`was refused and has changed something: ${told}`)
    if (status >= 400 && sent.method !== 'HEAD' && typeof (JSON.parse(text) as { error_msg?: unknown }).error_msg !== 'string') throw new Error(`has no error_msg: ${told}`)
    if (/node:internal|\.ts:\d|\n {4}at /.test(text)) throw new Error(`tells how it is made: ${told}`)
  })
  const statuses = [...seen.keys()]
  expect(rounds).toBeGreaterThan(19)
  // Much of it must come through, or nothing was tried.
  expect(statuses).toEqual(expect.arrayContaining([200, 400, 404]))
  expect(world.lines.filter(({ err }) => err !== undefined)).toEqual([])
})

test('everything that was stored meanwhile can be listed in both views', async () => {
  const world = await startAdmin()
  const document = (await world.ask('GET', '/apisix/admin/openapi.json')).body as Readonly<Record<string, unknown>>
  const writes = operationsIn(document).filter(({ method, path }) => method === 'PUT' && !path.includes('configs'))
  await fuzzAsync(4, async (dice) => {
    await answered(world.url, sentBy(dice, writes, document))
  })
  for (const { path } of operationsIn(document).filter(({ method, path: at }) => method === 'GET' && !at.includes('{'))) {
    for (const query of ['', '?gateway_group_id=default']) {
      const { status } = await world.ask('GET', `${path}${query}`)
      expect([path, status]).toEqual([path, path === '/apisix/admin/plugins' ? 400 : 200])
    }
  }
})
