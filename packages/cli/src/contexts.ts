import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parse, stringify } from 'yaml'
import { CommandError } from './command-error.ts'
import { isFields } from './fields.ts'

/** How one Admin API is reached, under a name; in the words of the file. */
export interface Context {
  readonly name: string
  readonly server: string
  /** As it is, or `$env://NAME`. */
  readonly token?: string
  readonly 'gateway-group'?: string
  /** Absolute paths, all three. */
  readonly 'ca-cert'?: string
  readonly 'client-cert'?: string
  readonly 'client-key'?: string
  readonly 'tls-skip-verify'?: boolean
}

/** All that the file of contexts holds. */
export interface Contexts {
  readonly current: string | undefined
  readonly contexts: readonly Context[]
}

/** Reads the file of contexts; without one there are none. Throws a `CommandError` where it is no such file. */
export async function readContexts(file: string): Promise<Contexts> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw new CommandError(`${file}, which holds the contexts, cannot be read: ${error.code}`, { cause: error })
  })
  const written = parsed(file, text) ?? {}
  if (!isFields(written)) throw broken(file, 'it must be a map')
  const { 'current-context': current, contexts = [] } = written
  if (!Array.isArray(contexts)) throw broken(file, 'contexts must be a list')
  return { current: typeof current === 'string' && current !== '' ? current : undefined, contexts: contexts.map((one, index) => contextOf(file, one, index)) }
}

/** Writes it in one step, for its owner alone: it holds keys. */
export async function writeContexts(file: string, { current, contexts }: Contexts): Promise<void> {
  const text = stringify({ ...(current !== undefined && { 'current-context': current }), contexts })
  const written = `${file}.${process.pid}`
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  try {
    await writeFile(written, text, { mode: 0o600 })
    // A file of that name that was left behind keeps its mode.
    await chmod(written, 0o600)
    await rename(written, file)
  } catch (error) {
    await rm(written, { force: true })
    throw error
  }
}

function parsed(file: string, text: string): unknown {
  try {
    // Pretty errors quote the line, and with it a key.
    return parse(text, { prettyErrors: false })
  } catch (error) {
    throw broken(file, error instanceof Error ? error.message : String(error))
  }
}

const texts = ['name', 'server', 'token', 'gateway-group', 'ca-cert', 'client-cert', 'client-key'] as const

function contextOf(file: string, written: unknown, index: number): Context {
  const where = `contexts[${index}]`
  if (!isFields(written)) throw broken(file, `${where} must be a map`)
  for (const name of texts) {
    const isNeeded = name === 'name' || name === 'server'
    if (typeof written[name] !== 'string' && (isNeeded || written[name] !== undefined)) throw broken(file, `${where}.${name} must be a text`)
  }
  return written as unknown as Context
}

function broken(file: string, why: string): CommandError {
  return new CommandError(`${file} does not hold contexts: ${why}`, { advice: ['Mend it, or move it away and make contexts anew: sluice context create --help'] })
}
