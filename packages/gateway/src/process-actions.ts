import { readFile } from 'node:fs/promises'
import { compileSnapshot, type Snapshot } from '@sluice/config'
import { silent } from '@sluice/kernel'
import { builtInOf, envOf } from './environment.ts'
import { readConfig, type OpenedConfig } from './read-config.ts'
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
  return `${asked.file} is fit to serve: ${count(resolved.routes.length, 'route')}, listening on ${settings.listen.host}:${settings.listen.port}`
}

/** The route table of a file. Throws an `InvalidConfigError`. */
export async function routesOf({ isJson, ...asked }: Asked & { readonly isJson: boolean }): Promise<string> {
  const snapshot = await compiled(await read(asked))
  const shown = routesTable(snapshot, isJson)
  snapshot.retire()
  await snapshot.disposed
  return shown
}

async function read({ file, env }: Asked): ReturnType<typeof readConfig> {
  return readConfig({ file, text: await readFile(file, 'utf8'), env: envOf(env), builtIn: builtInOf(env), log: silent })
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
