import { writeFile } from 'node:fs/promises'
import { Option, type Command } from 'commander'
import type { Cli } from '../cli.ts'
import { CommandError } from '../command-error.ts'
import { formatValue } from '../format-value.ts'
import type { Fields } from '../fields.ts'
import { redacted } from '../redacted.ts'
import { filterOptions, type FilterOptions } from './list.ts'
import { listedByPages } from './read.ts'
import { keyOf, type ResourceType } from './resource-type.ts'
import { verbCommand } from './verb-command.ts'

/** `export`: all of them, in a form that `create -f` and `config sync -f` take back. */
export function addExport(cli: Cli, parent: Command, type: ResourceType): void {
  const command = verbCommand(parent, type, {
    usage: 'export',
    description: `Write all ${type.plural} in a form that create -f takes back.`,
    options: [...filterOptions(type), new Option('-f, --file <file>', 'write to this file')],
    output: 'yaml or json (default: yaml)',
    examples: ['', `-f ${type.name}.json -o json`],
  })
  cli.on<FilterOptions & { readonly file?: string }>(command, async ({ options, format = 'yaml', client, print, note }) => {
    if (format === 'table') throw new CommandError('a table cannot be taken back', { advice: ['Export as yaml or json.'] })
    const found = await listedByPages(type, await client(), options)
    const resources = found.map((value) => exported(type, value, options)).toSorted((a, b) => ((keyOf(type, a) ?? '') < (keyOf(type, b) ?? '') ? -1 : 1))
    const text = formatValue({ version: '1', [type.isOfConsumer ? 'consumers' : type.lists[0]]: resources }, format)
    if (options.file === undefined) print(text)
    else {
      await writeFile(options.file, `${text}\n`)
      note(`${resources.length} ${resources.length === 1 ? type.noun : type.plural} in ${options.file}`)
    }
    if (text.includes(redacted)) note(`Secrets are shown as ${redacted}: written back as that, they stay what they are; elsewhere they must be put in.`)
  })
}

function exported(type: ResourceType, value: Fields, { consumer }: FilterOptions): Fields {
  const { create_time: _created, update_time: _updated, ...rest } = value
  return type.isOfConsumer ? { ...rest, id: `${consumer}/credentials/${keyOf(type, value)}` } : rest
}
