import { Option, type Command } from 'commander'
import type { Cli } from '../cli.ts'
import { keysOf } from '../completion/complete.ts'
import { withValues } from '../completion/values.ts'
import { confirm } from '../confirm.ts'
import { exitCode } from '../exit-code.ts'
import { collectionOf, getOne, missing } from './read.ts'
import { called, pathOf, type ResourceType } from './resource-type.ts'
import { dryRunOption, verbCommand } from './verb-command.ts'

interface DeleteOptions {
  readonly consumer?: string
  readonly force?: boolean
  readonly dryRun?: boolean
}

/** `delete`: one, or several. */
export function addDelete(cli: Cli, parent: Command, type: ResourceType): void {
  const { id } = type.example
  const command = verbCommand(parent, type, {
    usage: `delete <${type.keyName}...>`,
    aliases: ['rm'],
    description: `Delete a ${type.noun}${type.takesAlong ? `, with ${type.takesAlong}` : ''}, or several.`,
    options: [new Option('--force', 'do not ask; nobody is asked where there is no terminal'), dryRunOption()],
    examples: [id, `${id} --force`, `${id} --dry-run`],
  })
  withValues(command, keysOf(type.name))
  cli.on<DeleteOptions>(command, async ({ args, options, surroundings, print, client: connect }) => {
    const client = await connect()
    const keys = args.filter((key) => key !== undefined)
    if (options.dryRun) {
      for (const key of keys) {
        await getOne(type, client, key, options)
        print(`would delete ${called(type, key)}`)
      }
      return exitCode.different
    }
    await confirm(`Delete ${keys.map((key) => called(type, key)).join(', ')}${type.takesAlong ? `, with ${type.takesAlong}` : ''}?`, surroundings, options.force === true)
    for (const key of keys) {
      const path = pathOf(collectionOf(type, client, options), key)
      const answer = await client.find({ method: 'DELETE', path, isScoped: !type.isGlobal })
      if (!answer) throw missing(type, key)
      print(`deleted ${called(type, key)}`)
    }
    return exitCode.same
  })
}
