import { glob, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandError } from '../command-error.ts'
import { nameOf, readText } from '../read-input.ts'
import type { Surroundings } from '../surroundings.ts'

/** A file that was read. */
export interface ConfigFile {
  /** As messages tell of it. */
  readonly name: string
  readonly text: string
}

/** Reads what `-f` names: files, folders, patterns such as `conf/*.yaml`, and `-` for what is piped in. Throws a `CommandError`. */
export async function readConfigFiles(named: readonly string[], surroundings: Pick<Surroundings, 'stdin'>): Promise<ConfigFile[]> {
  const paths = new Set((await Promise.all(named.map(pathsOf))).flat())
  return Promise.all([...paths].map(async (path) => ({ name: nameOf(path), text: await readText(path, surroundings) })))
}

async function pathsOf(named: string): Promise<readonly string[]> {
  if (named === '-') return ['-']
  const found = await stat(named).catch(() => undefined)
  if (found?.isDirectory()) return inFolder(named)
  if (found || !/[*?[{]/.test(named)) return [named]
  const matching = await Array.fromAsync(glob(named))
  if (matching.length === 0) throw new CommandError(`no file fits ${named}`)
  return matching.toSorted()
}

/** Of all levels, but for those whose name begins with a dot. */
async function inFolder(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const shown = entries.filter(({ name }) => !name.startsWith('.')).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const paths = await Promise.all(
    shown.map(async (entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return inFolderOrNothing(path)
      return /\.(?:ya?ml|json)$/i.test(entry.name) ? [path] : []
    }),
  )
  const all = paths.flat()
  if (all.length === 0) throw new CommandError(`${folder} holds no .yaml, .yml or .json files`)
  return all
}

async function inFolderOrNothing(folder: string): Promise<readonly string[]> {
  return inFolder(folder).catch((error: unknown) => {
    if (error instanceof CommandError) return []
    throw error
  })
}
