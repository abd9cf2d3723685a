import type { Command } from 'commander'

const examples = new WeakMap<Command, readonly string[]>()

/** Shows examples in a command's help. Each is a line of a shell, or several where a document follows. */
export function withExamples(command: Command, ...lines: readonly [string, ...string[]]): Command {
  examples.set(command, lines)
  const shown = lines.flatMap((example) => example.split('\n')).map((line) => `  ${line}`)
  return command.addHelpText('after', `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${shown.join('\n')}`)
}

/** The examples of a command, as they are shown. */
export function examplesOf(command: Command): readonly string[] {
  return examples.get(command) ?? []
}
