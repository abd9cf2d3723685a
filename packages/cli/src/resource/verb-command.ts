import { Option, type Command } from 'commander'
import type { Cli } from '../cli.ts'
import { addConnectionOptions, addOutputOption } from '../common-options.ts'
import { withExamples } from '../examples.ts'
import { optionOf, type Flag } from './flags.ts'
import type { ResourceType } from './resource-type.ts'

export interface VerbInit {
  /** Such as `get <id>`. */
  readonly usage: string
  readonly aliases?: readonly string[]
  readonly description: string
  readonly options?: readonly Option[]
  readonly flags?: readonly Flag[]
  /** What `--output` is for; without it a verb has none to show. */
  readonly output?: string
  /** What stands behind `sluice <type> <verb>`, each. */
  readonly examples: readonly [string, ...string[]]
}

/** A command of a kind of resources, with the options that all have. */
export function verbCommand(parent: Command, type: ResourceType, { usage, aliases = [], description, options = [], flags = [], output, examples }: VerbInit): Command {
  const command = parent.command(usage).aliases(aliases).description(description)
  for (const option of options) command.addOption(option)
  if (type.isOfConsumer) command.addOption(new Option('--consumer <username>', 'the consumer that it belongs to').makeOptionMandatory())
  for (const flag of flags) command.addOption(optionOf(flag).helpGroup('In place of a file:'))
  addOutputOption(command, output === undefined ? { isHidden: true } : { description: output })
  // A flag of the resource's own may have the name of one of these.
  addConnectionOptions(command, { except: command.options.map((option) => option.attributeName()) })
  const consumer = type.isOfConsumer ? ' --consumer alice' : ''
  const [first, ...others] = examples.map((example) => `sluice ${type.name} ${command.name()}${consumer}${example === '' ? '' : ` ${example}`}`)
  return withExamples(command, first as string, ...others)
}

/** `--file`, to read from. */
export function fileOption(): Option {
  return new Option('-f, --file <file>', 'a file, JSON or YAML; - is standard input')
}

/** `--dry-run`. */
export function dryRunOption(): Option {
  return new Option('--dry-run', 'show what would change and change nothing; the exit code is 2 where something would')
}

/** A kind's own command, whose verbs stand below it. */
export function typeCommand(cli: Cli, type: ResourceType): Command {
  const command = cli.program.command(type.name).aliases(type.aliases).description(type.description)
  // What stands between the two words of a command is understood, too.
  addConnectionOptions(command, { isHidden: true })
  return addOutputOption(command, { isHidden: true })
}
