import { Argument } from 'commander'
import type { Cli } from '../cli.ts'
import { withExamples } from '../examples.ts'
import { printable } from '../printable.ts'
import { complete } from './complete.ts'
import { scripts } from './scripts.ts'
import { splitLine } from './split-line.ts'
import { withValues } from './values.ts'

/** `completion`, which prints a shell's script, and what those ask. */
export function addCompletionCommands(cli: Cli): void {
  const shells = Object.keys(scripts) as (keyof typeof scripts)[]
  const command = cli.program.command('completion').description('Print what makes a shell complete commands, options, and names of what the gateway has.').addArgument(new Argument('<shell>').choices(shells))
  command.addHelpText('after', '\nThe first lines of what is printed tell where to put it.')
  withExamples(command, 'sluice completion bash', 'sluice completion zsh', 'sluice completion fish')
  withValues(command, async () => shells)
  cli.on(command, ({ args: [shell], print }) => print(scripts[shell as keyof typeof scripts]))

  const asked = cli.program.command('__complete <line>', { hidden: true }).option('--words', 'no descriptions').option('--current <text>', 'what the shell takes for the last word')
  cli.on<{ words?: boolean; current?: string }>(asked, async ({ args: [line = ''], options, surroundings, print }) => {
    const [, ...words] = splitLine(line)
    const { words: found, hasFiles } = await complete(cli.program, words, surroundings, cli.version)
    // Bash takes a word apart at = and :, and puts in place of the last part alone.
    const typed = words.at(-1) ?? ''
    const before = options.current !== undefined && typed.endsWith(options.current) ? typed.length - options.current.length : 0
    for (const { word, description } of found) print(printable(word.slice(before)) + (options.words || description === '' ? '' : `\t${printable(description)}`))
    if (hasFiles) print(':files')
  })
}
