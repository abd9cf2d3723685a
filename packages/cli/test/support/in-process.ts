import { Readable } from 'node:stream'
import type { Cli, Surroundings } from '../../src/index.ts'

/** What a shell gives a program, and what it looks like to it. */
export interface Shell {
  readonly env?: Surroundings['env']
  readonly stdin?: string
  /** All three streams are a terminal of so many columns. */
  readonly columns?: number
}

export interface Done {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command in this process; nothing of the real environment is seen. */
export async function runCommand(create: (surroundings: Surroundings) => Cli, args: readonly string[], { env = {}, stdin = '', columns }: Shell = {}): Promise<Done> {
  const said = { stdout: '', stderr: '' }
  const terminal = columns === undefined ? {} : { isTTY: true, columns }
  const output = (name: keyof typeof said): Surroundings['stdout'] => ({ ...terminal, write: (text) => void (said[name] += text) })
  const surroundings: Surroundings = {
    env: { HOME: '/no/such/home', ...env },
    stdin: Object.assign(Readable.from(stdin === '' ? [] : [Buffer.from(stdin)]), terminal),
    stdout: output('stdout'),
    stderr: output('stderr'),
  }
  const code = await create(surroundings).run(['node', 'sluice', ...args])
  return { code, ...said }
}
