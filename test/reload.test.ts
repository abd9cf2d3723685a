import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { chat, contentOf } from './support/chat.ts'
import { openHeldChat, startHeldUpstream } from './support/held-upstream.ts'
import { aiConfig, anyPorts, eventually, runGateway } from './support/program.ts'

// Each test runs programs, on a machine that may be doing something else.
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

describe('an edit of the file', () => {
  test('applies at once and leaves a running stream alone', async () => {
    const upstream = await startHeldUpstream()
    const { url, file, program } = await runGateway(aiConfig(upstream.url))
    const { stream, held } = await openHeldChat(url, { upstream, words: 'before' })

    const edited = performance.now()
    await writeFile(file, JSON.stringify(aiConfig('http://127.0.0.1:1', '/v2/chat/completions')))
    await eventually(
      'the new route',
      async () => (await chat(url, { path: '/v2/chat/completions' })).status !== 404,
    )
    expect(performance.now() - edited).toBeLessThan(10_000) // a second, and nine for a machine that does something else
    expect((await chat(url)).status).toBe(404)
    await program.says(/the configuration has changed/)

    held.say('after')
    await stream.until('after')
    held.finish()
    expect(contentOf({ text: await stream.rest() })).toBe('beforeafter')
  })

  test('that is invalid is refused whole, with every problem in the log, and the next one applies', async () => {
    const upstream = await startHeldUpstream()
    const { url, file, program } = await runGateway(aiConfig(upstream.url))
    const route = { id: 'b', uri: '/b', upstream: { nodes: { '127.0.0.1:1': 1 } } }
    await writeFile(
      file,
      JSON.stringify({
        gateway: anyPorts,
        routes: [route, { id: 'c', uri: 'c', vars: [['a']] }, { id: 'd', nothing: 1 }],
      }),
    )
    const [line] = await program.says(/^.*the changed configuration is refused.*$/m)
    const { problems, level } = JSON.parse(line) as { problems: string[]; level: number }
    expect(level).toBe(50)
    expect(problems).toEqual([
      expect.stringMatching(/gateway\.yaml:\d+:\d+ routes\[1\]: needs at least one of plugins, upstream/),
      expect.stringMatching(/gateway\.yaml:\d+:\d+ routes\[1\]\.uri: a path starts with/),
      expect.stringMatching(/gateway\.yaml:\d+:\d+ routes\[1\]\.vars\[0\]: /),
      expect.stringMatching(/gateway\.yaml:\d+:\d+ routes\[2\]: needs one of uri or uris/),
      expect.stringMatching(/gateway\.yaml:\d+:\d+ routes\[2\]: needs at least one of plugins, upstream/),
      expect.stringMatching(/gateway\.yaml:\d+:\d+ routes\[2\]\.nothing: is not a known field/),
    ])

    expect((await fetch(`${url}/b`)).status).toBe(404)
    const { stream, held } = await openHeldChat(url, { upstream, words: 'still here' })
    held.finish()
    expect(contentOf({ text: await stream.rest() })).toBe('still here')

    await writeFile(file, JSON.stringify({ gateway: anyPorts, routes: [route] }))
    await eventually('the new route', async () => (await fetch(`${url}/b`)).status === 502)
  })

  test('may replace it by rename, again and again', async () => {
    const { url, file, folder } = await runGateway({ gateway: anyPorts, routes: [] })
    for (const name of ['first', 'second']) {
      await writeFile(
        join(folder, 'next.yaml'),
        JSON.stringify({
          gateway: anyPorts,
          routes: [{ id: name, uri: `/${name}`, upstream: { nodes: { '127.0.0.1:1': 1 } } }],
        }),
      )
      await rename(join(folder, 'next.yaml'), file)
      await eventually(`the ${name} file`, async () => (await fetch(`${url}/${name}`)).status === 502)
    }
    expect((await fetch(`${url}/first`)).status).toBe(404)
  })

  test('may take it away: the log says so, and what was there serves on', async () => {
    const { url, file, program } = await runGateway(aiConfig('http://127.0.0.1:1'))
    await rm(file)
    await program.says(/the configuration cannot be read/)
    expect((await chat(url)).status).toBe(502)
    await writeFile(file, JSON.stringify({ gateway: anyPorts, routes: [] }))
    await eventually('the new file', async () => (await chat(url)).status === 404)
  })

  test('names what only a restart can change', async () => {
    const { url, file, program } = await runGateway({ gateway: anyPorts, routes: [] })
    await writeFile(
      file,
      JSON.stringify({ gateway: { ...anyPorts, listen: { port: 1 }, log: { level: 'warn' } }, routes: [] }),
    )
    await program.says(/gateway\.listen has changed: restart to apply it/)
    expect((await fetch(url)).status).toBe(404)
  })

  test('has nothing more to say of a setting that is what it was at the start', async () => {
    const { file, program } = await runGateway({ gateway: anyPorts, routes: [] })
    await writeFile(file, JSON.stringify({ gateway: { ...anyPorts, plugins: ['./later.ts'] }, routes: [] }))
    await program.says(/gateway\.plugins has changed: restart to apply it[^]*the configuration has changed/)
    await writeFile(file, JSON.stringify({ gateway: anyPorts, routes: [] }))
    await program.says(/(?:"the configuration has changed"[^]*){2}/)
    expect(program.stderr().match(/restart to apply it/g)).toHaveLength(1)
  })
})
