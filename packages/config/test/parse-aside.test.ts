import { setImmediate } from 'node:timers/promises'
import { afterAll, expect, test, vi } from 'vitest'
import { checkResourcesInSlices, compileSnapshot, parseAside, parseConfig } from '../src/index.ts'
import { envOf, kernelOf } from './fixture.ts'

vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

const routes = (count: number): string =>
  Array.from({ length: count }, (_, index) => `  - { id: r${index}, uri: /r/${index}, plugins: { answer: {}, tag: { value: v${index} } } }`).join('\n')
const sizes = [
  ['small', 3],
  ['large', 2_000],
] as const

test.for(sizes)('a %s text reads as parseConfig reads it', async ([, count]) => {
  const text = `version: "1"\n__proto__: [${'1, '.repeat(150)}1]\nroutes:\n${routes(count)}\nplugin_metadata: {}\n`
  const { value, issues } = await parseAside(text)
  expect(issues).toEqual([])
  expect(value).toEqual(parseConfig(text).value)
  expect(Object.keys(value as object)).toEqual(['version', '__proto__', 'routes', 'plugin_metadata'])
})

test.for(sizes)('the places of a %s text are those that parseConfig finds', async ([, count]) => {
  const text = `routes:\n${routes(count)}\n`
  const { locate } = await parseAside(text)
  const paths = [['routes', count - 1, 'plugins', 'tag', 'value'], ['routes', 1], ['nothing'], []]
  const parsed = parseConfig(text)
  expect(await locate(paths)).toEqual(paths.map((path) => parsed.locate(path)))
})

test.for(sizes)('what keeps a %s text from being read is told with its place', async ([, count]) => {
  const text = `routes:\n${routes(count)}\n  - { id: twice, id: twice }\n`
  const { value, issues } = await parseAside(text)
  expect(value).toBeUndefined()
  expect(issues).toEqual(parseConfig(text).issues)
  expect(issues[0]!.position).toEqual({ line: count + 2, column: 18 })
})

test.for(['null', '"text"', '[1, 2]'])('a large text may hold no object at all: %s', async (text) => {
  expect((await parseAside(`${text}${' '.repeat(50_000)}`)).value).toEqual(JSON.parse(text))
})

test('a large configuration is read, checked and compiled beside what else runs', async () => {
  const text = `routes:\n${routes(2_000)}\n`
  const kernel = kernelOf()
  const read = await turnsDuring(parseAside(text))
  const checked = await turnsDuring(checkResourcesInSlices(read.result.value, kernel, envOf()))
  const compiled = await turnsDuring(compileSnapshot({ kernel, resolved: checked.result.resolved! }))
  expect(compiled.result.routes).toHaveLength(2_000)
  compiled.result.retire()
  const disposed = await turnsDuring(compiled.result.disposed)
  // Each takes dozens of milliseconds, and gives way every few.
  for (const { turns } of [read, checked, compiled]) expect(turns).toBeGreaterThan(5)
  expect(disposed.turns).toBeGreaterThan(0)
  expect(kernel.instances.size).toBe(0)
})

/** How often something else had its turn. */
async function turnsDuring<T>(work: Promise<T>): Promise<{ result: T; turns: number }> {
  let isDone = false
  const watched = work.finally(() => {
    isDone = true
  })
  for (let turns = 0; ; turns++) {
    if (isDone) return { result: await watched, turns }
    await setImmediate()
  }
}
