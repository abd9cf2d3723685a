import type { PreparedConsumer } from '@sluice/kernel'
import { describe, expect, test } from 'vitest'
import { checkDocument, checkEntry, checkResources, compileSnapshot, readDocument, type Document } from '../src/index.ts'
import { envOf, exchange, kernelOf, problems, resolve, routes } from './fixture.ts'

const anna = { username: 'anna', plugins: { door: { key: 'annas' } } }

const shown = ({ name, groupId, labels, credentials, plugins }: PreparedConsumer): object => ({
  name,
  ...(groupId !== undefined && { groupId }),
  ...(labels && { labels }),
  credentials: credentials.map(({ id, config, path }) => [id, (config as { key: string }).key, path.join('.')]),
  plugins: plugins.map(({ plugin, config, owner }) => [plugin.name, (config as { value?: string }).value, `${owner.kind}/${owner.id}`]),
})

describe('consumers', () => {
  test('have credentials of their own and in resources, and plugins of their own and of their group', () => {
    const { consumers } = resolve(
      {
        consumers: [
          { username: 'anna', group_id: 7, labels: { custom_id: '12' }, plugins: { door: { key: '$env://ANNA' }, tag: { value: 'annas' } } },
          { id: 'anna/credentials/laptop', name: 'her laptop', plugins: { door: { key: 'laptops' } } },
          { id: 'bob/credentials/phone', plugins: { door: { key: 'phones' } } },
          { id: 'bob/credentials/none' },
          { username: 'bob', plugins: { door: { _meta: { disable: true } } } },
        ],
        consumer_groups: [{ id: 7, plugins: { tag: { value: 'groups' }, label: { value: 'groups' } } }],
      },
      { ANNA: 'annas' },
    )
    expect(consumers.map(shown)).toEqual([
      {
        name: 'anna',
        groupId: '7',
        labels: { custom_id: '12' },
        credentials: [
          [undefined, 'annas', 'consumers.anna.plugins.door'],
          ['laptop', 'laptops', 'credentials.anna/laptop.plugins.door'],
        ],
        plugins: [
          ['tag', 'annas', 'consumer/anna'],
          ['label', 'groups', 'consumer_group/7'],
        ],
      },
      { name: 'bob', credentials: [['phone', 'phones', 'credentials.bob/phone.plugins.door']], plugins: [] },
    ])
  })

  test.for<[what: string, value: object, expected: string[]]>([
    ['a key that two of them have', { consumers: [anna, { username: 'bob', plugins: { door: { key: 'annas' } } }] }, ['consumers[1].plugins.door: duplicate key of plugin door found with consumer: anna']],
    [
      'a key of a credential that another has',
      { consumers: [anna, { username: 'bob' }, { id: 'bob/credentials/x', plugins: { door: { key: 'annas' } } }] },
      ['consumers[2].plugins.door: duplicate key of plugin door found with consumer: anna'],
    ],
    ['a group that is not there', { consumers: [{ ...anna, group_id: 'g' }] }, ['consumers[0].group_id: refers to consumer group [g], which does not exist']],
    ['a credential of nobody', { consumers: [{ id: 'bob/credentials/x', plugins: { door: { key: 'bobs' } } }] }, ['consumers[0]: belongs to consumer [bob], which does not exist']],
    [
      'a credential of two plugins, one of which finds nobody',
      { consumers: [anna, { id: 'anna/credentials/x', plugins: { door: { key: 'more' }, tag: { value: 'x' } } }] },
      ['consumers[1].plugins: must hold one plugin, and holds door, tag', 'consumers[1].plugins.tag: is no credential: tag does not authenticate'],
    ],
    ['credentials that are wrong', { consumers: [{ username: 'anna', plugins: { door: { key: 'a', size: 1 } } }] }, ['consumers[0].plugins.door.size: is not a known field', 'consumers[0].plugins.door.key: must NOT have fewer than 3 characters']],
    ['a secret that is not there', { consumers: [{ username: 'anna', plugins: { door: { key: '$env://NONE' } } }] }, ['consumers[0].plugins.door.key: environment variable NONE is not set']],
    ['a plugin that is wrong', { consumers: [{ username: 'anna', plugins: { tag: {} } }] }, ['consumers[0].plugins.tag.value: is required']],
    ['plugins that are not known', { consumers: [{ username: 'anna', plugins: { dor: {}, 'key-auth': {} } }] }, ['consumers[0].plugins.dor: unknown plugin [dor]; did you mean door?', 'consumers[0].plugins.key-auth: is not supported yet']],
    ['a group that shows a credential', { consumer_groups: [{ id: 'g', plugins: { door: { key: 'ours' } } }] }, ['consumer_groups[0].plugins.door: authenticates: a credential belongs to one consumer, and not to a group']],
    ['a name that is none', { consumers: [{ username: 'an na' }] }, ["consumers[0].username: must be of letters, digits, '_' and '-'"]],
    ['one name twice', { consumers: [anna, { username: 'anna' }] }, ['consumers[1].username: anna is the id of consumers[0] already']],
  ])('%s is refused', ([, value, expected]) => {
    expect(problems(value)).toEqual(expected)
  })

  test('are checked alone, without what they refer to', () => {
    const options = { kernel: kernelOf(), env: envOf() }
    expect(checkEntry('consumers', 'anna', { ...anna, group_id: 'g' }, options)).toEqual([])
    expect(checkEntry('credentials', 'anna/x', { plugins: { tag: {} } }, options)).toMatchObject([{ path: ['credentials', 'anna/x', 'plugins', 'tag'] }])
    expect(checkEntry('consumer_groups', 'g', { plugins: { tag: {} } }, options)).toMatchObject([{ path: ['consumer_groups', 'g', 'plugins', 'tag', 'value'] }])
  })

  test('are the same objects again where nothing of them has changed', async () => {
    const value = { consumers: [{ ...anna, group_id: 'g' }, { username: 'bob' }, { id: 'bob/credentials/x', plugins: { door: { key: 'bobs' } } }], consumer_groups: [{ id: 'g', plugins: {} }] }
    const options = { kernel: kernelOf(), env: envOf() }
    const first = await checkDocument(readDocument(value), options)
    const next = { ...value, consumer_groups: [{ id: 'g', plugins: { tag: { value: 'new' } } }] }
    const second = await checkDocument(readDocument(next), { ...options, memo: first.memo })
    const [before, after] = [first, second].map(({ resolved }) => resolved!.consumers)
    expect(after![0]!.plugins).toHaveLength(1)
    expect(after![1]!.credentials[0]).toBe(before![1]!.credentials[0])
  })
})

async function ask(value: object, key: string, forced: readonly string[] = []): Promise<[number, unknown, string | undefined]> {
  const kernel = kernelOf()
  const file = readDocument(value)
  const document: Document = { settings: undefined, entries: (kind) => file.entries(kind), forced: new Set(forced) }
  const { resolved, issues } = await checkDocument(document, { kernel, env: envOf() })
  expect(issues).toEqual([])
  const snapshot = await compileSnapshot({ kernel, resolved: resolved! })
  const ctx = exchange()
  const { chain, info } = snapshot.routes[0]!
  ctx.route = info
  ctx.request.headers['key'] = key
  snapshot.acquire()
  snapshot.choose(chain, ctx)
  const reply = await chain.run(ctx)
  await chain.settle(ctx, 'complete', { status: reply.status, headerBytes: 0, bodyBytes: 0 })
  snapshot.release(chain)
  snapshot.retire()
  await snapshot.disposed
  expect(kernel.instances.size).toBe(0)
  return [reply.status, reply.headers['x-tag'], ctx.consumer?.name]
}

const credential = (key: string): object => ({ id: 'anna/credentials/x', plugins: { door: { key } } })

test('a key that somebody had already is told of where it is new, wherever that stands', async () => {
  const options = { kernel: kernelOf(), env: envOf() }
  const zoe = { username: 'zoe', plugins: { door: { key: 'zoes' } } }
  const more = credential('more')
  const { memo } = await checkDocument(readDocument({ consumers: [anna, more, zoe] }), options)
  const problemOf = async (consumers: object[]): Promise<unknown[]> => {
    const { issues } = await checkDocument(readDocument({ consumers }), { ...options, memo })
    return issues.map(({ path, message }) => [path.slice(0, 2).join('/'), message])
  }
  const message = 'duplicate key of plugin door found with consumer: zoe'
  expect(await problemOf([{ ...anna, plugins: zoe.plugins }, more, zoe])).toEqual([['consumers/anna', message]])
  expect(await problemOf([anna, credential('zoes'), zoe])).toEqual([['credentials/anna/x', message]])
})

describe('in a snapshot', () => {
  const served = { ...routes({ plugins: { door: {}, answer: {}, tag: { value: 'routes' } } }) }
  const group = { consumer_groups: [{ id: 'g', plugins: { tag: { value: 'groups' } } }] }

  test.for<[what: string, consumers: object[], expected: unknown]>([
    ['a consumer wins over her group and the route', [{ ...anna, group_id: 'g', plugins: { ...anna.plugins, tag: { value: 'annas' } } }], [200, 'annas', 'anna']],
    ['her group wins over the route', [{ ...anna, group_id: 'g' }], [200, 'groups', 'anna']],
    ['who brings nothing gets the route', [anna], [200, 'routes', 'anna']],
    ['and so does who is not known', [], [200, 'routes', undefined]],
  ])('%s', async ([, consumers, expected]) => {
    expect(await ask({ ...served, ...group, consumers }, 'annas')).toEqual(expected)
  })

  test('a consumer whose group was taken away by force is refused, and does without nothing that it held back', async () => {
    expect(await ask({ ...served, consumers: [{ ...anna, group_id: 'g' }] }, 'annas', ['consumer_groups/g'])).toEqual([503, undefined, 'anna'])
  })

  test('a plugin that cannot be set up refuses the whole', async () => {
    const kernel = kernelOf()
    const { resolved } = checkResources({ consumers: [{ username: 'anna', plugins: { fragile: { secret: 'abc' } } }] }, kernel, envOf())
    await expect(compileSnapshot({ kernel, resolved: resolved! })).rejects.toMatchObject({ issues: [{ path: ['consumers', 'anna', 'plugins', 'fragile'] }] })
    expect(kernel.instances.size).toBe(0)
  })
})
