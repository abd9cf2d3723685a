import { readFile } from 'node:fs/promises'
import { CommandError } from './command-error.ts'
import type { Surroundings } from './surroundings.ts'

/** What a file holds, JSON or YAML, read strictly; `-` is standard input. Throws a `CommandError` that says where it is no good. */
export async function readInput(file: string, surroundings: Pick<Surroundings, 'stdin'>): Promise<unknown> {
  const [text, { parseConfig }] = await Promise.all([readText(file, surroundings), import('@sluice/config')])
  const { value, issues } = parseConfig(text)
  const [first, ...others] = issues.map(({ message, position: { line, column } = { line: 1, column: 1 } }) => `${nameOf(file)}:${line}:${column} ${message}`)
  if (first !== undefined) throw new CommandError(first, { advice: others })
  return value
}

/** The text of a file; `-` is standard input. */
export async function readText(file: string, { stdin }: Pick<Surroundings, 'stdin'>): Promise<string> {
  if (file === '-') {
    const pieces: Buffer[] = []
    for await (const piece of stdin) pieces.push(Buffer.from(piece))
    return Buffer.concat(pieces).toString('utf8').replace(/^\uFEFF/, '')
  }
  return readFile(file, 'utf8').then(
    (text) => text.replace(/^\uFEFF/, ''),
    (error: NodeJS.ErrnoException) => {
      throw new CommandError(`${file} ${whyNot(error)}`, { cause: error })
    },
  )
}

/** What a file is called in messages. */
export function nameOf(file: string): string {
  return file === '-' ? 'standard input' : file
}

function whyNot({ code }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'does not exist'
  if (code === 'EISDIR') return 'is a directory'
  return code === 'EACCES' ? 'may not be read' : `cannot be read: ${code}`
}
