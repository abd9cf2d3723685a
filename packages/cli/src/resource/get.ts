import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { keysOf } from '../completion/complete.ts'
import { withValues } from '../completion/values.ts'
import { printResources } from './print.ts'
import { getOne } from './read.ts'
import type { ResourceType } from './resource-type.ts'
import { verbCommand } from './verb-command.ts'

/** `get`: one, with all its fields. */
export function addGet(cli: Cli, parent: Command, type: ResourceType): void {
  const command = verbCommand(parent, type, {
    usage: `get <${type.keyName}>`,
    description: `Show one ${type.noun} with all its fields.`,
    output: 'how to print (default: yaml)',
    examples: [type.example.id, `${type.example.id} -o json`],
  })
  withValues(command, keysOf(type.name))
  cli.on<{ consumer?: string }>(command, async ({ args: [key = ''], options: { consumer }, client, ...call }) => {
    printResources(type, await getOne(type, await client(), key, { consumer }), { ...call, format: call.format ?? 'yaml' })
  })
}
