import { afterAll, expect, test, vi } from 'vitest'
import { managedGateway, withoutConfigs } from './support/managed-gateway.ts'

vi.setConfig({ testTimeout: 180_000 })
afterAll(() => vi.resetConfig())

/** Requests under way, one by one. */
const atOnce = 10

const config = (count: number, change = 0): object => ({
  version: '1',
  services: [{ id: 's', plugins: { 'ai-proxy': { provider: 'openai', auth: { header: { Authorization: 'Bearer sk-1' } } } } }],
  routes: Array.from({ length: count }, (_, index) => ({ id: `r${index}`, uri: `/r${index}/v1/chat/completions`, methods: ['POST'], service_id: 's', priority: index % (count / 50) === 0 ? change : 0 })),
})

// The promise is 10 s for each; asserted is ten times as much.
test.for([
  { how: 'five thousand routes are synced in one step', count: 5_000, through: undefined },
  { how: 'a thousand routes are synced one by one', count: 1_000, through: withoutConfigs },
])('$how, a change of fifty of them is, and nothing is when nothing has changed', async ({ count, through }) => {
  const { sync, gateway, admin, front } = await managedGateway({ through })
  const began = performance.now()
  const first = await sync(config(count))
  expect(first.code).toBe(0)
  expect(first.stderr).toContain(`${count + 1} created`)
  expect(performance.now() - began).toBeLessThan(100_000)
  await vi.waitUntil(() => gateway.routes.length === count, { timeout: 10_000, interval: 5 })

  const changed = performance.now()
  expect((await sync(config(count, 1))).stderr).toContain('50 updated')
  expect(performance.now() - changed).toBeLessThan(100_000)
  expect(await admin('GET', '/routes/r0')).toMatchObject({ value: { priority: 1 } })
  expect((await sync(config(count, 1))).stdout).toBe(`Nothing to change; ${count} the same, 1 the same but for secrets that cannot be compared\n`)
  expect(front?.mostAtOnce ?? atOnce).toBe(atOnce)
})
