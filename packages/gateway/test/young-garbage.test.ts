import { Exchange, headerMap, RequestBody, bytesSource, silent } from '@sluice/kernel'
import { expect, test } from 'vitest'
import { YoungGarbage } from '../src/young-garbage.ts'

const mebibyte = 1024 * 1024

/** An exchange that has received so many bytes from each side. */
function exchangeOf(asked: number, answered: number): Exchange {
  const body = new RequestBody(bytesSource(Buffer.alloc(0), asked), Infinity)
  const address = { remoteAddress: '', remotePort: 0, serverAddress: '', serverPort: 0 }
  const request = { method: 'POST', path: '/', uri: '/', query: '', headers: headerMap(), body, scheme: 'http', httpVersion: '1.1', ...address }
  const ctx = new Exchange({ id: 'x', log: silent, request })
  ctx.upstream = { address: '', scheme: 'http', host: '', uri: '/', balancer: '', startedAt: 0, bytes: answered }
  return ctx
}

test('is collected once for each 24 MiB of bodies, of either side, and nothing is asked of V8 before', () => {
  const happened: string[] = []
  const garbage = new YoungGarbage(() => {
    happened.push('taken')
    return ({ type }) => void happened.push(type)
  })
  garbage.add(exchangeOf(10 * mebibyte, 0))
  garbage.add(exchangeOf(0, 13 * mebibyte))
  expect(happened).toEqual([])
  garbage.add(exchangeOf(mebibyte, 0))
  garbage.add(exchangeOf(mebibyte, 0))
  expect(happened).toEqual(['taken', 'minor'])
  garbage.add(exchangeOf(23 * mebibyte, mebibyte))
  expect(happened).toEqual(['taken', 'minor', 'minor'])
})

test('gives its memory back at once', () => {
  const garbage = new YoungGarbage()
  garbage.add(exchangeOf(24 * mebibyte, 0))
  const before = process.memoryUsage().arrayBuffers
  for (let n = 0; n < 16; n++) Buffer.alloc(mebibyte)
  expect(process.memoryUsage().arrayBuffers - before).toBeGreaterThan(12 * mebibyte)
  garbage.add(exchangeOf(24 * mebibyte, 0))
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * mebibyte)
})

test('stays where a runtime has no collector to call', () => {
  const garbage = new YoungGarbage(() => undefined)
  expect(() => garbage.add(exchangeOf(24 * mebibyte, 0))).not.toThrow()
})
