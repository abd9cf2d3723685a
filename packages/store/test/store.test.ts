import { silent, type Issue } from '@sluice/kernel'
import { expect, test } from 'vitest'
import { type Backend, ConflictError, type Draft, type GroupState, InvalidChangeError, MemoryBackend, ReadonlyError, Store, UnknownGroupError } from '../src/index.ts'

interface World {
  readonly store: Store
  /** States that were served, in order. */
  readonly served: GroupState[]
  /** Values of the routes that are served. */
  routes(): unknown[]
}

interface WorldInit {
  readonly backend?: Backend
  check?(next: GroupState): readonly Issue[]
  serve?(state: GroupState): Promise<void>
  now?: () => number
}

function worldOf({ backend = new MemoryBackend(), check = () => [], serve = async () => {}, now }: WorldInit = {}): World {
  const served: GroupState[] = []
  const judge = {
    check: async (next: GroupState) => check(next),
    serve: async (state: GroupState) => {
      await serve(state)
      served.push(state)
    },
  }
  const store = new Store({ backend, judge, log: silent, ...(now && { now }) })
  return { store, served, routes: () => [...(served.at(-1)?.all('routes').values() ?? [])].map(({ value }) => value) }
}

const put = (id: string, uri = `/${id}`) => (draft: Draft) => draft.put('routes', id, { id, uri })
const bad: Issue = { path: ['routes', 'bad', 'uri'], message: 'is bad' }
const noBad = (next: GroupState): readonly Issue[] => (next.get('routes', 'bad') ? [bad] : [])

async function refuseBad(state: GroupState): Promise<void> {
  if (state.get('routes', 'bad')) throw new InvalidChangeError([bad])
}

test('a change is read at once, and served when it is answered', async () => {
  const { store, routes } = worldOf()
  const resource = await store.change('default', put('a'))
  expect(resource).toMatchObject({ id: 'a', value: { id: 'a', uri: '/a' } })
  expect(store.state('default')?.get('routes', 'a')).toBe(resource)
  expect(routes()).toEqual([{ id: 'a', uri: '/a' }])
})

test('a change that is wrong in one place changes nothing', async () => {
  const { store, routes } = worldOf({ check: noBad })
  await store.change('default', put('a'))
  const before = store.state('default')
  const change = store.change('default', (draft) => {
    put('b')(draft)
    put('bad')(draft)
  })
  await expect(change).rejects.toThrow(new InvalidChangeError([bad]))
  expect(store.state('default')).toBe(before)
  expect(routes()).toEqual([{ id: 'a', uri: '/a' }])
})

test('an equal value is no change: its index and times stay', async () => {
  let now = 5_000
  const { store, served } = worldOf({ now: () => now })
  const first = await store.change('default', put('a'))
  now = 9_000
  expect(await store.change('default', put('a'))).toBe(first)
  expect(served).toHaveLength(1)
  const second = await store.change('default', put('a', '/other'))
  expect(second).toMatchObject({ createTime: 5, updateTime: 9, createdIndex: first.createdIndex })
  expect(second.modifiedIndex).toBeGreaterThan(first.modifiedIndex)
})

test('what an edit throws is thrown, and nothing is kept', async () => {
  const { store } = worldOf()
  const change = store.change('default', (draft) => {
    put('a')(draft)
    throw new Error('no')
  })
  await expect(change).rejects.toThrow('no')
  expect(store.state('default')?.all('routes').size).toBe(0)
})

test('what a backend does not keep is not kept', async () => {
  const backend: Backend = { isReadonly: false, isLasting: true, keep: () => Promise.reject(new ConflictError('changed meanwhile')), keepGroups: async () => {} }
  const { store, served } = worldOf({ backend })
  await expect(store.change('default', put('a'))).rejects.toThrow(ConflictError)
  expect(store.state('default')?.all('routes').size).toBe(0)
  expect(served).toEqual([])
})

test('a change that cannot be served is undone, and those beside it stay', async () => {
  const kept: GroupState[] = []
  const backend: Backend = { isReadonly: false, isLasting: true, keep: async (_, next) => void kept.push(next), keepGroups: async () => {} }
  const { store, routes } = worldOf({ serve: refuseBad, backend })
  const answers = await Promise.allSettled([put('a'), put('bad'), put('c')].map((edit) => store.change('default', edit)))
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(routes()).toEqual([
    { id: 'a', uri: '/a' },
    { id: 'c', uri: '/c' },
  ])
  expect([...(store.state('default')?.all('routes').keys() ?? [])]).toEqual(['a', 'c'])
  expect([...(kept.at(-1)?.all('routes').keys() ?? [])]).toEqual(['a', 'c'])
})

test('in a burst changes are answered before they are served, and all are served in the end', async () => {
  const { store, served } = worldOf({ serve: () => new Promise((resolve) => void setTimeout(resolve, 20)) })
  for (let count = 0; count < 200; count++) await store.change('default', put(`r${count}`))
  await store.close()
  expect(served.length).toBeLessThan(200)
  expect(served.at(-1)?.all('routes').size).toBe(200)
})

test('a group is a name space, and what is not served is not told to the data plane', async () => {
  const { store, served } = worldOf()
  await expect(store.change('other', put('a'))).rejects.toThrow(UnknownGroupError)
  await store.putGroup('other', { name: 'Other' })
  await store.change('other', put('a'))
  expect(store.group('Other')?.id).toBe('other')
  expect(store.state('default')?.get('routes', 'a')).toBeUndefined()
  expect(served).toEqual([])
  await expect(store.deleteGroup('default')).rejects.toThrow(ConflictError)
  expect(await store.deleteGroup('other')).toBe(true)
  expect(store.state('other')).toBeUndefined()
})

test('a store that is read-only takes only what comes from where it reads', async () => {
  const { store, routes } = worldOf({ backend: new MemoryBackend({ isReadonly: true }) })
  await expect(store.change('default', put('a'))).rejects.toThrow(ReadonlyError)
  await store.change('default', put('a'), { isNew: false })
  expect(routes()).toHaveLength(1)
})

test('what has a time to live ends by itself, unless it is written again', async () => {
  const { store, routes } = worldOf()
  await store.change('default', (draft) => draft.put('routes', 'short', { id: 'short', uri: '/s' }, { ttl: 0.02 }))
  await store.change('default', (draft) => draft.put('routes', 'kept', { id: 'kept', uri: '/k' }, { ttl: 0.02 }))
  await store.change('default', put('kept', '/k'))
  await expect.poll(() => store.state('default')?.get('routes', 'short'), { timeout: 15_000 }).toBeUndefined()
  await expect.poll(routes, { timeout: 15_000 }).toEqual([{ id: 'kept', uri: '/k' }])
})

test('a collection that is replaced keeps what is equal, in the new order', async () => {
  const { store } = worldOf()
  await store.change('default', (draft) => draft.replace('routes', [['a', { id: 'a' }], ['b', { id: 'b' }], ['c', { id: 'c' }]]))
  const b = store.state('default')?.get('routes', 'b')
  await store.change('default', (draft) => draft.replace('routes', [['c', { id: 'c', uri: '/c' }], ['b', { id: 'b' }]]))
  expect([...(store.state('default')?.all('routes').keys() ?? [])]).toEqual(['c', 'b'])
  expect(store.state('default')?.get('routes', 'b')).toBe(b)
})

test('a collection holds what was written whatever the order of writes, deletes and returns', async () => {
  const { store } = worldOf()
  const expected = new Map<string, string>()
  let seed = 7
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below
  for (let step = 0; step < 400; step++) {
    const id = `r${random(90)}`
    if (random(3) === 0) {
      expected.delete(id)
      await store.change('default', (draft) => draft.delete('routes', id))
    } else {
      expected.set(id, `/${step}`)
      await store.change('default', put(id, `/${step}`))
    }
    const routes = store.state('default')?.all('routes')
    expect(routes?.size).toBe(expected.size)
    expect(new Map([...(routes ?? [])].map(([key, { value }]) => [key, value['uri']]))).toEqual(expected)
  }
})

test('what is deleted and comes back comes last, as in a file that is written', async () => {
  const { store } = worldOf()
  const ids = (): string[] => [...(store.state('default')?.all('routes').keys() ?? [])]
  await store.change('default', (draft) => draft.replace('routes', ['a', 'b', 'c'].map((id) => [id, { id }])))
  for (const id of ['a', 'b']) await store.change('default', (draft) => draft.delete('routes', id))
  await store.change('default', put('a'))
  expect(ids()).toEqual(['c', 'a'])
  await store.change('default', put('b'))
  await store.change('default', put('a', '/changed'))
  expect(ids()).toEqual(['c', 'a', 'b'])
})

test('changes that come together are kept together, and one that is refused takes none with it', async () => {
  const kept: number[] = []
  const backend: Backend = { isReadonly: false, isLasting: true, keep: async (_, __, changes) => void kept.push(changes.length), keepGroups: async () => {} }
  const { store, routes } = worldOf({ backend, check: noBad })
  const first = store.change('default', put('first'))
  const answers = await Promise.allSettled([first, ...['a', 'bad', 'b', 'c'].map((id) => store.change('default', put(id)))])
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
  expect(kept.reduce((sum, count) => sum + count)).toBe(4)
  expect(kept.length).toBeLessThan(4)
  expect(routes()).toHaveLength(4)
})
