import { describe, expect, test } from 'vitest'
import { Agents, type ConnectionKey } from '../src/index.ts'

const key: ConnectionKey = { origin: 'http://127.0.0.1:1', verify: false, connectMs: 1000, idle: { size: 1, ms: 1000, requests: 10 } }

describe('agents', () => {
  test('are shared by equal keys and closed with the last lease', async () => {
    const agents = new Agents()
    const one = agents.acquire(key)
    const two = agents.acquire({ ...key })
    expect(two.dispatcher).toBe(one.dispatcher)
    for (const other of [
      { ...key, origin: 'http://127.0.0.1:2' },
      { ...key, verify: true },
      { ...key, connectMs: 1 },
      { ...key, idle: { ...key.idle, size: 2 } },
    ]) {
      const lease = agents.acquire(other)
      expect(lease.dispatcher).not.toBe(one.dispatcher)
      await lease.release()
    }
    await one.release()
    await one.release()
    expect(agents.size).toBe(1)
    await two.release()
    expect(agents.size).toBe(0)
    expect(agents.acquire(key).dispatcher).not.toBe(one.dispatcher)
  })

  test('refuse an origin that is none', () => {
    const agents = new Agents()
    expect(() => agents.acquire({ ...key, origin: 'http://a b:80' })).toThrow('Invalid URL')
    expect(agents.size).toBe(0)
  })
})
