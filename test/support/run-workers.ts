import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { anyPorts, eventually, runGateway, temporaryFolder, type ProgramOptions, type RunningGateway } from './program.ts'
import { openRaw, type RawReading } from './raw-client.ts'

/**
 * A plugin for what only shows with several processes. Every reply says which one it comes from (`x-pid`); what a path
 * below `/do` asks for happens there.
 */
const probe = `import { existsSync } from 'node:fs'
import { CountersUnavailableError, definePlugin, json, Type } from '@sluice/kernel'

export default definePlugin({
  name: 'probe',
  priority: 5000,
  schema: Type.Object({ says: Type.Optional(Type.String()), unless: Type.Optional(Type.String()), dies: Type.Optional(Type.Boolean()) }),
  setup({ says, unless, dies }, { counters, log }) {
    if (dies) process.exit(3)
    if (unless && existsSync(unless)) throw new Error('it exists')
    const pid = process.pid
    const count = async (limit) => {
      try {
        return json(200, await counters.add('all', { windowMs: 600_000, ...(limit && { limit }) }))
      } catch (error) {
        return json(503, { unavailable: error instanceof CountersUnavailableError, message: error.message })
      }
    }
    return {
      rewrite(ctx) {
        ctx.onReply(({ headers }) => void (headers['x-pid'] = String(pid)))
        switch (ctx.request.path) {
          case '/do/say': return json(200, { says })
          case '/do/count': return count()
          case '/do/count-to-10': return count(10)
          case '/do/log': log.warn({ text: 'x'.repeat(100_000) }, 'a long line'); return json(200, {})
          case '/do/throw': setTimeout(() => { throw new Error('out of a timer') }, 50); return json(200, {})
        }
      },
    }
  },
})
`

export interface RunningWorkers extends RunningGateway {
  readonly logFile: string
  /** Rewrites the file with another configuration of the plugin. */
  change(probe: object, rest?: object): Promise<void>
  /** Asks once, on a connection of its own. */
  ask(path: string): Promise<{ status: number; pid: string; body: unknown }>
  /** Processes of the workers that have answered, as soon as there are so many. */
  pids(count?: number): Promise<readonly string[]>
  /** Lines of the access log: the ids of the exchanges. */
  loggedIds(): Promise<string[]>
  /** Opens a stream on a connection of its own, and gives the worker that it runs on. */
  stream(): Promise<{ reading: RawReading; pid: string }>
}

export interface WorkersOptions extends ProgramOptions {
  /** Of the provider. */
  readonly endpoint?: string
  readonly gateway?: object
  readonly folder?: string
}

/** Writes the plugin into a folder, and gives the configuration that has it, for two workers. */
export async function workersConfig(
  folder: string,
  { endpoint = 'http://127.0.0.1:1', gateway = {}, probe: config }: Pick<WorkersOptions, 'endpoint' | 'gateway'> & { readonly probe: object },
): Promise<object> {
  await writeFile(join(folder, 'probe.mjs'), probe)
  const access_log = { path: join(folder, 'access.log'), format: '$request_id' }
  return {
    gateway: { ...anyPorts, workers: 2, plugins: ['./probe.mjs'], access_log, ...gateway },
    global_rules: [{ id: 'all', plugins: { probe: config } }],
    routes: [{ id: 'ai', uri: '/v1/*', plugins: { 'ai-proxy': { provider: 'openai', auth: {}, override: { endpoint } } } }],
  }
}

/** Starts `sluice` with two workers. */
export async function runWorkers({ endpoint, gateway, folder, ...options }: WorkersOptions = {}): Promise<RunningWorkers> {
  const home = folder ?? (await temporaryFolder())
  const logFile = join(home, 'access.log')
  const configOf = (plugin: object): Promise<object> =>
    workersConfig(home, { probe: plugin, ...(endpoint && { endpoint }), ...(gateway && { gateway }) })
  const running = await runGateway(await configOf({ says: 'first' }), { folder: home, ...options })
  const ask: RunningWorkers['ask'] = async (path) => {
    const { status, headers, body } = await (await openRaw(`${running.url}${path}`, { method: 'GET' })).rest()
    return { status, pid: String(headers['x-pid']), body: JSON.parse(body.toString() || `"${status}"`) as unknown }
  }
  return {
    ...running,
    logFile,
    ask,
    change: async (plugin, rest) => writeFile(running.file, JSON.stringify({ ...(await configOf(plugin)), ...rest })),
    pids: (count = 2) => {
      const seen = new Set<string>()
      return eventually(`${count} workers`, async () => {
        seen.add((await ask('/do/say')).pid)
        return seen.size >= count && [...seen]
      })
    },
    loggedIds: async () => (await readFile(logFile, 'utf8')).split('\n').slice(0, -1),
    async stream() {
      const body = { model: 'gpt-4', stream: true, messages: [{ role: 'user', content: 'What is 1+1?' }] }
      const reading = await openRaw(`${running.url}/v1/chat/completions`, { body })
      return { reading, pid: String(reading.headers['x-pid']) }
    },
  }
}
