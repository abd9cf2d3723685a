import { join } from 'node:path'
import { expect, test } from 'vitest'
import { anyPorts, eventually, runGateway } from './support/program.ts'
import { askRaw } from './support/raw-client.ts'
import { root } from './support/workspace.ts'

// A Set of what runs kept most exchanges until the next collection of the whole heap, once one had come while requests were in flight.
// Small collections then moved what nobody needed any more, and took four times as long for as long as the process lived.
test('a small collection takes what settled exchanges leave, also after one of the whole heap', async () => {
  const { url } = await runGateway({
    gateway: { ...anyPorts, access_log: false, plugins: [join(root, 'test/support/tell-exchanges.ts')] },
    routes: [{ id: 'tell', uri: '/*', plugins: { 'tell-exchanges': {} } }],
  })
  const ask = async (path: string): Promise<Record<string, number>> => {
    const { body } = await askRaw(url + path, { method: 'GET' })
    return JSON.parse(body.toString()) as Record<string, number>
  }

  const inFlight = Array.from({ length: 8 }, () => ask('/hold'))
  await eventually('requests in flight', async () => (await ask('/held'))['held'] === inFlight.length)
  await ask('/major')
  await Promise.all(inFlight)
  await ask('/forget')
  for (let round = 0; round < 50; round++) await Promise.all(Array.from({ length: 8 }, () => ask('/once')))

  const { kept, of } = await ask('/minor')
  expect(of).toBe(400)
  expect(kept).toBeLessThan(40) // the latest may still be on somebody's stack
})
