import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { startMockLlm } from '@sluice/mock-llm'
import { expect, onTestFinished, test } from 'vitest'
import { aiConfig, runGateway, runProgram } from './support/program.ts'
import { askRaw } from './support/raw-client.ts'

const many = 10_000
/** Files that a process may open; Node asks for as many as it may have. */
const files = Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).replace('unlimited', 'Infinity'))

test(`${many} idle connections keep nobody from being served`, { timeout: 90_000 }, async ({ skip }) => {
  skip(files < many + 500, `a process may open ${files} files here (ulimit -n), and needs ${many + 500}`)
  const mock = await startMockLlm()
  onTestFinished(() => mock.close())
  const { url, program } = await runGateway(aiConfig(mock.url))
  const chat = `${url}/v1/chat/completions`
  const ask = async (): Promise<number> => (await askRaw(chat, { body: { model: 'm', messages: [{ role: 'user', content: 'x' }] } })).status
  expect(await ask()).toBe(200)

  const clients = runProgram([process.execPath, fileURLToPath(new URL('support/idle-clients.ts', import.meta.url)), new URL(url).port, String(many)])
  for (let stand = 1000; stand <= many; stand += 1000) await clients.says(new RegExp(`^${stand} stand$`, 'm'), 'stdout')
  for (let turn = 0; turn < 5; turn++) {
    const statuses = await Promise.all(Array.from({ length: 20 }, ask))
    expect(new Set(statuses)).toEqual(new Set([200]))
  }
  expect(clients.stdout()).not.toContain('one was closed')

  clients.signal('SIGKILL') // ten thousand resets at once
  await clients.exited
  expect(await ask()).toBe(200)
  expect(program.stderr()).not.toMatch(/"level":(?:40|50|60)/)
  program.signal('SIGTERM')
  expect(await program.exited).toMatchObject({ code: 0 })
})
