import { readFile } from 'node:fs/promises'
import { compileSnapshot, type Snapshot } from '@sluice/config'
import { silent } from '@sluice/kernel'
import { builtInOf, envOf } from './environment.ts'
import { Configuration } from './configuration.ts'
import { readConfig, type KernelSource, type OpenedConfig, type ReadConfig } from './read-config.ts'
import { routesTable } from './routes-table.ts'
import { start, type MockAddress } from './start.ts'

interface Asked {
  readonly file: string
  readonly env: NodeJS.ProcessEnv
}

/** Runs the gateway; gives the exit code once it has ended. */
export function startProgram({ file, env, mockLlm }: Asked & { readonly mockLlm?: MockAddress }): Promise<number> {
  return start({ file, env: envOf(env), builtIn: builtInOf(env), ...(mockLlm && { mockLlm }) })
}

/** That a file is fit to serve. Throws an `InvalidConfigError`. */
export async function fitness(asked: Asked): Promise<string> {
  const { settings, resolved } = (await read(asked)).read
  const { store } = settings
  const what = store.type === 'etcd' ? `routes in etcd at ${store.endpoints.join(', ')}` : count(resolved.routes.length, 'route')
  return `${asked.file} is fit to serve: ${what}, listening on ${settings.listen.host}:${settings.listen.port}`
}

/** The route table of a file, or of the etcd that it names. Throws an `InvalidConfigError`, or where that cannot be reached. */
export async function routesOf({ isJson, ...asked }: Asked & { readonly isJson: boolean }): Promise<string> {
  const opened = await read(asked)
  const snapshot = await compiled(opened.read.settings.store.type === 'etcd' ? { ...opened, read: await readEtcd(asked) } : opened)
  const shown = routesTable(snapshot, isJson)
  snapshot.retire()
  await snapshot.disposed
  return shown
}

async function read(asked: Asked): ReturnType<typeof readConfig> {
  return readConfig(await sourceOf(asked))
}

async function sourceOf({ file, env }: Asked): Promise<KernelSource> {
  return { file, text: await readFile(file, 'utf8'), env: envOf(env), builtIn: builtInOf(env), log: silent }
}

/** What a gateway would serve of what is in etcd. */
async function readEtcd(asked: Asked): Promise<ReadConfig> {
  const configuration = await Configuration.open(await sourceOf(asked))
  try {
    await configuration.begin()
    const { configuration: from } = configuration.about
    if (from !== 'etcd') throw new Error(`etcd cannot be reached, and the routes are there: ${configuration.problem ?? 'it does not answer'}`)
    return configuration.read
  } finally {
    await configuration.close()
  }
}

async function compiled({ text, kernel, read: { resolved } }: OpenedConfig): Promise<Snapshot> {
  try {
    return await compileSnapshot({ kernel, resolved })
  } catch (error) {
    throw await text.explained(error)
  }
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
