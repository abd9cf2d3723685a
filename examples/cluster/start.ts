import { spawn, type ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

// Runs an etcd, three gateways on it and a model that needs no key, and writes a route through the first gateway.
const folder = process.argv[2] ?? import.meta.dirname
const program = join(import.meta.dirname, '../../packages/gateway/src/main.ts')
const key = process.env['SLUICE_ADMIN_KEY'] ?? 'secret'
const children: ChildProcess[] = []

function run(command: string, args: readonly string[]): void {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, SLUICE_ADMIN_KEY: key } })
  children.push(child)
  child.once('error', ({ message }) => end(`${command} cannot be started (${message}); etcd is Debian's package etcd-server`))
  child.once('exit', (code) => end(`${command} has ended with ${code}`))
}

function end(why: string, code = 1): void {
  process.stderr.write(`${why}\n`)
  for (const child of children) {
    child.removeAllListeners('exit')
    child.kill('SIGTERM')
  }
  process.exitCode = code
}

async function answers(url: string): Promise<void> {
  while (process.exitCode === undefined) {
    if (await fetch(url).then(({ ok }) => ok, () => false)) return
    await sleep(100)
  }
}

const texts = await Promise.all([1, 2, 3].map((number) => readFile(join(folder, `gateway-${number}.yaml`), 'utf8')))
const portsOf = (text: string): string[] => [...text.matchAll(/port: (\d+)/g)].map(([, port = '']) => port)
const [, etcd = ''] = /endpoints: \[(\S+)\]/.exec(texts[0] ?? '') ?? []
const [, model = ''] = /"http:\/\/(\S+)"/.exec(await readFile(join(folder, 'route.json'), 'utf8')) ?? []
const peer = etcd.replace(/\d+$/, (port) => String(Number(port) + 1))

run('etcd', [
  `--data-dir=${join(folder, 'etcd-data')}`,
  '--name=one',
  '--logger=zap',
  '--log-level=error',
  `--listen-client-urls=${etcd}`,
  `--advertise-client-urls=${etcd}`,
  `--listen-peer-urls=${peer}`,
  `--initial-advertise-peer-urls=${peer}`,
  `--initial-cluster=one=${peer}`,
])
await answers(`${etcd}/health`)
for (const number of [1, 2, 3]) {
  run(process.execPath, [program, 'start', '-c', join(folder, `gateway-${number}.yaml`), ...(number === 1 ? ['--mock-llm', model] : [])])
}
for (const text of texts) await answers(`http://127.0.0.1:${portsOf(text)[2]}/readyz`)
const [, admin] = portsOf(texts[0] ?? '')
const headers = { 'x-api-key': key, 'content-type': 'application/json' }
await fetch(`http://127.0.0.1:${admin}/apisix/admin/routes/chat`, { method: 'PUT', headers, body: await readFile(join(folder, 'route.json')) })
const urls = texts.map((text) => `http://127.0.0.1:${portsOf(text)[0]}`)
process.stdout.write(`\nThree gateways serve: ${urls.join(', ')}\n`)
process.stdout.write(`Each of them answers: curl ${urls[2]}/v1/chat/completions -H 'content-type: application/json' -d '{"model":"gpt-4","messages":[{"role":"user","content":"Hello!"}]}'\n`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end('stopping', 0))
