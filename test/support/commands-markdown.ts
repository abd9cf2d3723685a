import { fileURLToPath } from 'node:url'
import { examplesOf } from '@sluice/cli'
import { createCli } from '@sluice/gateway'

/** Where the reference of the commands lies. */
export const commandsFile = fileURLToPath(new URL('../../packages/cli/COMMANDS.md', import.meta.url))

/** The program, without anybody to run it. */
export const { program } = createCli({ env: {}, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr })

type Command = typeof program
type Option = Command['options'][number]

const connection = 'Connection:'

/** Commands that do something, each with the words that call it, in the order of the help. */
export function leavesOf(command: Command = program, words: readonly string[] = ['sluice']): readonly { readonly words: readonly string[]; readonly command: Command }[] {
  const shown = command.commands.filter((one) => !one.name().startsWith('_'))
  if (shown.length === 0) return [{ words, command }]
  return shown.flatMap((one) => leavesOf(one, [...words, one.name()]))
}

/** The reference of all commands, as the parser has them now. */
export function commandsMarkdown(): string {
  return [
    '# Commands of sluice',
    '',
    'Written by `npm run reference` from what the parser knows; `sluice <command> --help` says the same.',
    '',
    'Exit codes: 0 is done, or the same; 1 is an error; 2 is that something differs (`--dry-run`, `config diff`).',
    '',
    '## How the gateway is reached',
    '',
    'Every command that asks a running gateway takes these, before its words or behind them. A flag counts before the environment, that before the context.',
    '',
    ...optionsTable(program.options.filter(isConnection)),
    '',
    ...program.commands.filter((one) => !one.name().startsWith('_')).flatMap(sectionOf),
  ].join('\n')
}

function sectionOf(command: Command): readonly string[] {
  const others = command.aliases().map((alias) => `\`sluice ${alias}\``)
  const heading = [`## sluice ${command.name()}`, '', `${command.description()}${others.length > 0 ? ` Also ${others.join(', ')}.` : ''}`, '']
  if (command.commands.length === 0) return [...heading, ...usageOf(command, `sluice ${command.name()}`)]
  return [...heading, ...command.commands.flatMap((verb) => [`### sluice ${command.name()} ${verb.name()}`, '', `${verb.description()}${verb.aliases().length > 0 ? ` Also \`${verb.aliases().join('`, `')}\`.` : ''}`, '', ...usageOf(verb, `sluice ${command.name()} ${verb.name()}`)])]
}

function usageOf(command: Command, words: string): readonly string[] {
  const own = command.options.filter((option) => !isConnection(option) && !option.hidden)
  return ['```sh', `# ${words} ${command.usage()}`, ...examplesOf(command), '```', '', ...(own.length > 0 ? [...optionsTable(own), ''] : [])]
}

function optionsTable(options: readonly Option[]): readonly string[] {
  return ['| Option | |', '|---|---|', ...options.map(({ flags, description, argChoices, mandatory }) => `| \`${flags.replaceAll('|', '\\|')}\` | ${description.replaceAll('|', '\\|')}${argChoices ? ` (${argChoices.join(', ')})` : ''}${mandatory ? '; must be given' : ''} |`)]
}

function isConnection({ helpGroupHeading }: Option): boolean {
  return helpGroupHeading === connection
}
