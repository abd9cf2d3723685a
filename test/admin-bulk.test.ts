import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Agent, request } from 'undici'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { startGateway } from './support/start-gateway.ts'

vi.setConfig({ testTimeout: 180_000 })
afterAll(() => vi.resetConfig())

const key = 'k'
const count = 5_000

const route = (index: number, uri = `/r${index}/v1/chat/completions`): object => ({
  id: `r${index}`,
  uri,
  methods: ['POST'],
  plugins: { 'ai-proxy': { provider: 'openai', auth: { header: { Authorization: `Bearer sk-${index}` } }, options: { model: 'gpt-4' }, override: { endpoint: 'http://127.0.0.1:1' } } },
})

// The promises are 10 s for all of them, 100 ms for one, 50 ms for whoever waits meanwhile; asserted is ten times as much.
test('five thousand routes are taken in one after another, one change of them is live at once, and traffic goes on meanwhile', async () => {
  const settings = { admin: { listen: { port: 0 }, key }, store: { type: 'memory' } }
  const { gateway, url } = await startGateway({ gateway: settings })
  const agent = new Agent({ connections: 8 })
  onTestFinished(() => agent.close())
  const put = async (resource: object): Promise<number> => {
    const { id } = resource as { id: string }
    const address = `http://127.0.0.1:${gateway.adminAddress?.port}/apisix/admin/routes/${id}`
    const { statusCode, body } = await request(address, { dispatcher: agent, method: 'PUT', headers: { 'x-api-key': key }, body: JSON.stringify(resource) })
    await body.dump()
    return statusCode
  }
  const reach = async (path: string): Promise<number> => (await fetch(`${url}${path}`, { method: 'POST', body: '{}' })).status

  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const began = performance.now()
  let next = 0
  const client = async (): Promise<void> => {
    while (next < count) expect(await put(route(next++))).toBe(201)
  }
  await Promise.all([client(), client(), client(), client()])
  await vi.waitUntil(() => gateway.routes.length === count, { timeout: 10_000, interval: 5 })
  expect(performance.now() - began).toBeLessThan(100_000)

  const changed = performance.now()
  expect(await put(route(17, '/changed'))).toBe(200)
  await vi.waitUntil(async () => (await reach('/changed')) !== 404, { timeout: 10_000, interval: 5 })
  expect(performance.now() - changed).toBeLessThan(1_000)
  expect(await reach('/r17/v1/chat/completions')).toBe(404)
  delay.disable()
  expect(delay.max / 1e6).toBeLessThan(2_000)
})
