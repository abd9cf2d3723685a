import { appendFile, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { chat, contentOf } from './support/chat.ts'
import { openHeldChat, startHeldUpstream } from './support/held-upstream.ts'
import { freePort } from './support/free-port.ts'
import { aiConfig, anyPorts, eventually, runGateway, temporaryFolder } from './support/program.ts'

// Each test runs programs, on a machine that may be doing something else.
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

describe('signals', () => {
  test('SIGTERM lets a running stream finish, takes nothing new, writes the log and ends with 0', async () => {
    const upstream = await startHeldUpstream()
    const { url, statusUrl, program } = await runGateway(aiConfig(upstream.url))
    const { stream, held } = await openHeldChat(url, { upstream, words: 'one' })

    program.signal('SIGTERM')
    await eventually(
      'an end of its readiness',
      async () => (await fetch(`${statusUrl}/readyz`)).status === 503,
    )
    await expect(chat(url)).rejects.toThrow('fetch failed')
    expect((await fetch(`${statusUrl}/healthz`)).status).toBe(200)

    held.say('two')
    held.finish()
    expect(contentOf({ text: await stream.rest() })).toBe('onetwo')
    const finished = performance.now()
    expect(await program.exited).toEqual({ code: 0, signal: null })
    expect(performance.now() - finished).toBeLessThan(10_000) // it does not wait for a client that keeps its connection
    expect(
      program
        .stdout()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toMatchObject([{ status: 200, outcome: 'complete', route: 'ai' }])
  })

  test('a second one ends it at once; the cut stream does not look finished', async () => {
    const upstream = await startHeldUpstream()
    const { url, program } = await runGateway(aiConfig(upstream.url))
    const { stream, held } = await openHeldChat(url, { upstream, words: 'one' })
    program.signal('SIGTERM')
    await program.says(/stopping/)
    program.signal('SIGTERM')
    expect(await program.exited).toEqual({ code: 130, signal: null })
    await expect(stream.rest()).rejects.toThrow('terminated')
    await held.closed
  })

  test('SIGINT ends an idle one with 0', async () => {
    const { url, program } = await runGateway({ gateway: anyPorts })
    await (await fetch(url)).text() // leaves a connection that is kept alive
    program.signal('SIGINT')
    expect(await program.exited).toEqual({ code: 0, signal: null })
  })

  test('SIGHUP opens a rotated access log anew', async () => {
    const folder = await temporaryFolder()
    const log = join(folder, 'access.log')
    const { url, program } = await runGateway(
      { gateway: { ...anyPorts, access_log: { path: log, format: '$request_method $uri $status' } } },
      { folder },
    )
    await fetch(`${url}/one`)
    await eventually('the first line', async () => (await linesOf(log)) !== '')
    await rename(log, `${log}.1`)
    await fetch(`${url}/two`)
    await eventually('a line in the file that was moved', async () =>
      (await linesOf(`${log}.1`)).includes('two'),
    )
    program.signal('SIGHUP')
    await eventually('a new file', async () =>
      readFile(log).then(
        () => true,
        () => false,
      ),
    )
    await fetch(`${url}/three`)
    await eventually('a line in the new file', async () => (await linesOf(log)) !== '')
    expect([await linesOf(`${log}.1`), await linesOf(log)]).toEqual([
      'GET /one 404\nGET /two 404\n',
      'GET /three 404\n',
    ])
    expect((await fetch(url)).status).toBe(404)
  })
})

test('kill -9 leaves nothing behind: started again, it serves within seconds on the same ports, and the log goes on with a line of its own', async () => {
  const folder = await temporaryFolder()
  const log = join(folder, 'access.log')
  const config = {
    gateway: {
      listen: { port: await freePort() },
      status: { listen: { port: await freePort() } },
      access_log: { path: log, format: '$request_method $uri $status' },
    },
  }
  const first = await runGateway(config, { folder })
  await fetch(`${first.url}/one`)
  await eventually('the first line', async () => (await linesOf(log)) !== '')
  first.program.signal('SIGKILL')
  expect(await first.program.exited).toEqual({ code: null, signal: 'SIGKILL' })
  await appendFile(log, 'GET /tw') // where the kill may hit

  const restarted = performance.now()
  const second = await runGateway(config, { folder })
  expect((await fetch(`${second.url}/three`)).status).toBe(404)
  expect(performance.now() - restarted).toBeLessThan(20_000) // two seconds, on a machine that does something else
  expect(second.url).toBe(first.url)
  second.program.signal('SIGTERM')
  expect(await second.program.exited).toEqual({ code: 0, signal: null })
  expect(await linesOf(log)).toBe('GET /one 404\nGET /tw\nGET /three 404\n')
})

function linesOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}
