import { writeFile } from 'node:fs/promises'
import { kinds, type Kind } from '@sluice/config'
import type { Call } from '../cli.ts'
import { CommandError } from '../command-error.ts'
import { formatValue } from '../format-value.ts'
import { printable } from '../printable.ts'
import { adcFile } from './adc-file.ts'
import { redacted } from '../redacted.ts'
import { readRemote } from './read-remote.ts'
import type { Existing } from './remote-state.ts'
import { scopeOf, scopeTest, type ScopeOptions } from './scope.ts'
import type { Fields } from './wanted.ts'
import { entryOf, listOf } from './written-entry.ts'

export interface DumpOptions extends Omit<ScopeOptions, 'delete'> {
  readonly file?: string
  readonly format?: 'sluice' | 'adc'
}

/** Writes what the server holds as a file that `sync` takes; gives the exit code. */
export async function dump({ options, format, client, print, note }: Call<DumpOptions>): Promise<void> {
  const scope = scopeOf(options)
  const { resources } = await readRemote(await client())
  const dumped = [...resources.values()].filter(scopeTest(scope, resources))
  const { content, lost } = options.format === 'adc' ? adcFile(dumped) : { content: { version: '1', ...listsOf(dumped) }, lost: [] }
  const text = formatValue(content, format === 'json' ? 'json' : 'yaml')
  if (options.file === undefined || options.file === '-') print(text)
  else await writeFile(options.file, `${text}\n`).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`${options.file} cannot be written: ${error.code}`, { cause: error })
  })
  if (lost.length > 0) note(`A file of ADC has no place for some of it:\n${lost.map((line) => `  ${printable(line)}`).join('\n')}`)
  const hidden = dumped.filter(({ value }) => hasRedacted(value)).length
  if (hidden > 0) note(`The secrets of ${hidden} ${hidden === 1 ? 'resource are' : 'resources are'} shown as ${redacted}: written back to this server they stay what they are; for another one write them in.`)
}

/** What others refer to comes first; what requests are matched with comes last, as people write it. */
const order: readonly Kind[] = [...kinds.filter((kind) => kind !== 'routes'), 'routes']

function listsOf(dumped: readonly Existing[]): Record<string, Fields[]> {
  const lists: Record<string, Fields[]> = {}
  for (const kind of order) {
    for (const { id, value } of dumped.filter((one) => one.kind === kind)) (lists[listOf(kind)] ??= []).push(entryOf({ kind, id, value }))
  }
  return lists
}

function hasRedacted(value: unknown): boolean {
  if (value === redacted) return true
  return typeof value === 'object' && value !== null && Object.values(value).some(hasRedacted)
}
