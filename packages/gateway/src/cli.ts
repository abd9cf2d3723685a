import { addCompletionCommands, addConfigCommands, addContextCommands, addPluginCommands, addResourceCommands, addVersionCommand, Cli, type KernelSource, type Surroundings } from '@sluice/cli'
import { addProcessCommands } from './process-commands.ts'
import { version } from './version.ts'

/** Runs the program `sluice`; gives its exit code once it has ended. */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  return createCli(surroundings).run(argv)
}

/** The program with all its commands. */
export function createCli(surroundings: Surroundings): Cli {
  const kernelOf: KernelSource = async (settings) => (await import('./kernel-of-file.ts')).kernelOfFile(settings, surroundings.env)
  const cli = new Cli({ surroundings, version, explain: async (error) => (await import('./explain.ts')).explain(error) })
  addProcessCommands(cli)
  cli.program.commandsGroup('A running gateway:')
  addConfigCommands(cli, kernelOf)
  addResourceCommands(cli, kernelOf)
  addPluginCommands(cli)
  cli.program.commandsGroup('This program:')
  addContextCommands(cli)
  addCompletionCommands(cli)
  addVersionCommand(cli)
  return cli
}
