import { Option, type Command } from 'commander'
import type { Cli } from '../cli.ts'
import { printResources } from './print.ts'
import { listed } from './read.ts'
import type { ResourceType } from './resource-type.ts'
import { verbCommand } from './verb-command.ts'

export interface FilterOptions {
  readonly consumer?: string
  readonly label?: string
  readonly serviceId?: string
}

/** `list`: all of them, a line each. */
export function addList(cli: Cli, parent: Command, type: ResourceType): void {
  const command = verbCommand(parent, type, {
    usage: 'list',
    aliases: ['ls'],
    description: `List the ${type.plural}.`,
    options: filterOptions(type),
    output: 'how to print (default: table)',
    examples: ['', type.hasService ? '--service-id openai -o json' : '-o json'],
  })
  cli.on<FilterOptions>(command, async ({ options, client, ...call }) => {
    const { format = 'table', note } = call
    const found = await listed(type, await client(), options)
    if (found.length === 0 && format === 'table') note(`There are no ${type.plural}.`)
    else printResources(type, found, { ...call, format })
  })
}

/** Which of them. */
export function filterOptions(type: ResourceType): readonly Option[] {
  const label = new Option('--label <key[=value]>', 'those with this label')
  return type.hasService ? [label, new Option('--service-id <id>', 'those of this service')] : [label]
}
