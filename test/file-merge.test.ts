import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Gateway } from '@sluice/gateway'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'

vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

const settings = `gateway:
  listen: { port: 0 }
  status: { listen: { port: 0 } }
  admin: { listen: { port: 0 }, key: k }
  access_log: false
`
const services = `services:
  - id: shared
    plugins: {}
`
/** Large enough to be written less often than it is changed. */
const routes = `routes:\n${Array.from({ length: 3_000 }, (_, index) => `  - id: old-${index}\n    uri: /old/${index}\n    plugins: {}\n`).join('')}`

interface Edited {
  readonly gateway: Gateway
  readonly file: string
  readonly logged: string[]
  /** The route that was accepted last, and is not in the text that was edited. */
  readonly last: string
  readonly text: string
}

/** A gateway whose file was edited after a route of `service` was accepted, and before it was in the file. */
async function editedMeanwhile(edit: (text: string) => string, service?: string): Promise<Edited> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-file-merge-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'gateway.yaml')
  writeFileSync(file, settings + services + routes)
  const logged: string[] = []
  const note = (fields: object, message?: string): void => void logged.push(`${message} ${JSON.stringify(fields)}`)
  const log = { info: () => {}, debug: () => {}, trace: () => {}, warn: note, error: note, fatal: note, child: () => log }
  const gateway = await Gateway.start({ file, text: readFileSync(file, 'utf8'), env: () => undefined, log })
  onTestFinished(() => gateway.close())
  for (let index = 0; ; index++) {
    const last = `new-${index}`
    const body = JSON.stringify({ uri: `/new/${index}`, plugins: {}, service_id: service })
    const answer = await fetch(`http://127.0.0.1:${gateway.adminAddress?.port}/apisix/admin/routes/${last}`, { method: 'PUT', headers: { 'x-api-key': 'k' }, body })
    await answer.arrayBuffer()
    expect(answer.status).toBe(201)
    const text = readFileSync(file, 'utf8')
    if (text.includes(`${last}\n`)) continue
    const edited = edit(text)
    writeFileSync(file, edited)
    await gateway.apply(edited)
    return { gateway, file, logged, last, text: edited }
  }
}

const idsIn = (file: string): string[] => [...readFileSync(file, 'utf8').matchAll(/- id: (\S+)/g)].map(([, id = '']) => id)
const reach = async ({ address }: Gateway, path: string): Promise<number> => (await fetch(`http://127.0.0.1:${address.port}${path}`)).status

test('a change that was accepted just before somebody saved the file is served and written beside theirs', async () => {
  const { gateway, file, last, logged } = await editedMeanwhile((text) => text.replace('uri: /old/7\n', 'uri: /by-hand # mine\n'))
  // No plugin answers: 502. Where no route matches: 404.
  expect(await reach(gateway, '/by-hand')).toBe(502)
  expect(await reach(gateway, `/new/${last.slice(4)}`)).toBe(502)
  await vi.waitUntil(() => idsIn(file).includes(last), { timeout: 20_000 })
  expect(readFileSync(file, 'utf8')).toContain('uri: /by-hand # mine\n')
  expect(logged.filter((line) => line.includes('undone'))).toEqual([])
})

test('where it does not go with what they saved, theirs serves, and the log says what was undone', async () => {
  const { gateway, file, last, text, logged } = await editedMeanwhile((before) => `${settings}${before.slice(before.indexOf('routes:')).replaceAll('    service_id: shared\n', '')}`, 'shared')
  expect(await reach(gateway, `/new/${last.slice(4)}`)).toBe(404)
  expect(logged.filter((line) => line.includes('undone'))).toEqual([expect.stringMatching(new RegExp(`they were undone .*routes/${last}.*service`))])
  await gateway.close()
  expect(readFileSync(file, 'utf8')).toBe(text)
})
