import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { freePort } from './free-port.ts'
import { eventually } from './program.ts'

/** Whether there is an etcd to test with: `apt-get install etcd-server`. */
export const hasEtcd = spawnSync('etcd', ['--version'], { stdio: 'ignore' }).status === 0

/** For the names of tests that are left out without it. */
export const etcdNeeded = hasEtcd ? '' : ' (left out: there is no etcd on PATH; install etcd-server)'

export interface EtcdOptions {
  /** Files of certificates: it then speaks TLS, and asks clients for a certificate. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa: string }
}

/** An etcd of one member, with data of its own. */
export interface RunningEtcd {
  readonly endpoint: string
  readonly folder: string
  /** Calls its JSON gateway. */
  call(path: string, body: object, token?: string): Promise<Record<string, unknown>>
  put(key: string, value: unknown): Promise<void>
  delete(key: string): Promise<void>
  /** What a key holds, as text; undefined: nothing. */
  get(key: string): Promise<string | undefined>
  /** All keys below one, with what they hold. */
  all(prefix: string): Promise<Map<string, string>>
  /** Deletes all keys. */
  wipe(): Promise<void>
  /** Forgets everything but the newest revision. */
  compact(): Promise<void>
  signal(name: NodeJS.Signals): void
  /** Ends it with its connections; its data stays. */
  kill(): Promise<void>
  /** Starts it again on its data. */
  restart(): Promise<void>
  close(): Promise<void>
}

/** Starts an etcd that ends with the test. */
export async function startEtcd(options: EtcdOptions = {}): Promise<RunningEtcd> {
  const etcd = await openEtcd(options)
  onTestFinished(() => etcd.close())
  return etcd
}

/** The same for several tests: it ends with `close`. */
export async function openEtcd({ tls }: EtcdOptions = {}): Promise<RunningEtcd> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-etcd-'))
  const [port, peerPort] = [await freePort(), await freePort()]
  const endpoint = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`
  // What a test does itself goes a way of its own, past TLS.
  const plain = tls ? `http://127.0.0.1:${await freePort()}` : endpoint
  const peer = `http://127.0.0.1:${peerPort}`
  const args = [
    `--data-dir=${join(folder, 'data')}`,
    '--name=one',
    '--logger=zap',
    `--listen-client-urls=${tls ? `${endpoint},${plain}` : endpoint}`,
    `--advertise-client-urls=${endpoint}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=one=${peer}`,
    ...(tls ? [`--cert-file=${tls.cert}`, `--key-file=${tls.key}`, '--client-cert-auth', `--trusted-ca-file=${tls.clientCa}`] : []),
  ]
  let child: ChildProcess | undefined

  const call: RunningEtcd['call'] = async (path, body, token) => {
    const answer = await fetch(plain + path, { method: 'POST', body: JSON.stringify(body), headers: token === undefined ? {} : { authorization: token } })
    const value = (await answer.json()) as Record<string, unknown>
    if (!answer.ok) throw new Error(`${path}: ${JSON.stringify(value)}`)
    return value
  }
  const range = async (key: string, end?: string): Promise<[string, string][]> => {
    const { kvs = [] } = (await call('/v3/kv/range', { key: encoded(key), ...(end !== undefined && { range_end: encoded(end) }) })) as { kvs?: { key: string; value?: string }[] }
    return kvs.map(({ key: found, value = '' }) => [decoded(found), decoded(value)])
  }
  const start = async (): Promise<void> => {
    child = spawn('etcd', args, { stdio: 'ignore' })
    await eventually('etcd answers', () => call('/v3/maintenance/status', {}).then(({ leader }) => leader !== undefined, () => false), 60_000)
  }
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  await start()
  return {
    endpoint,
    folder,
    call,
    put: async (key, value) => void (await call('/v3/kv/put', { key: encoded(key), value: encoded(typeof value === 'string' ? value : JSON.stringify(value)) })),
    delete: async (key) => void (await call('/v3/kv/deleterange', { key: encoded(key) })),
    get: async (key) => (await range(key))[0]?.[1],
    all: async (prefix) => new Map(await range(prefix, `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`)),
    wipe: async () => void (await call('/v3/kv/deleterange', { key: 'AA==', range_end: 'AA==' })),
    async compact() {
      const { header } = (await call('/v3/kv/range', { key: encoded('/') })) as { header: { revision: string } }
      await call('/v3/kv/compaction', { revision: header.revision, physical: true })
    },
    signal: (name) => void child?.kill(name),
    kill,
    restart: async () => {
      await kill()
      await start()
    },
    async close() {
      await kill()
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

export function encoded(text: string): string {
  return Buffer.from(text).toString('base64')
}

function decoded(text: string): string {
  return Buffer.from(text, 'base64').toString()
}
