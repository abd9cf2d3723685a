import { Command, CommanderError, type Argument } from 'commander'
import type { AdminClient } from './admin-client.ts'
import { CommandError } from './command-error.ts'
import { addConnectionOptions, addOutputOption, connectionOptionsOf, formatOf, type Format } from './common-options.ts'
import { connect } from './connect.ts'
import { connectionOf } from './connection.ts'
import { exitCode } from './exit-code.ts'
import { printable } from './printable.ts'
import { ProblemsError } from './problems-error.ts'
import type { Output, Surroundings } from './surroundings.ts'

export interface CliInit {
  readonly surroundings: Surroundings
  /** Of the program. */
  readonly version: string
  /** What to say of an error that this package does not know; undefined: its message. */
  readonly explain?: (error: unknown) => string | undefined | Promise<string | undefined>
}

/** One command that is carried out. */
export interface Call<Options extends object = object> {
  /** Those that the command declares, in their order; a list of the rest comes last. */
  readonly args: readonly (string | undefined)[]
  readonly options: Options
  readonly surroundings: Surroundings
  /** `--output`, where it was given. */
  readonly format: Format | undefined
  /** How the Admin API is reached, by flags, environment and context. Throws a `CommandError` where that does not work out. */
  client(): Promise<AdminClient>
  /** A line of the result. */
  print(line: string): void
  /** A line for whoever watches, beside the result. */
  note(line: string): void
}

/** What a command does. Gives the exit code; nothing is 0. */
export type Act<Options extends object> = (call: Call<Options>) => Promise<number | void> | number | void

/** The program `sluice`: packages add their commands to it, and `run` carries one out. */
export class Cli {
  readonly program: Command
  readonly version: string
  readonly surroundings: Surroundings
  readonly #explain: NonNullable<CliInit['explain']>
  #code: number = exitCode.same

  constructor({ version, surroundings, explain = () => undefined }: CliInit) {
    const { stdout, stderr } = surroundings
    this.version = version
    this.surroundings = surroundings
    this.#explain = explain
    this.program = new Command('sluice')
      .description('An AI gateway: one kind of request in, any provider out, plugins between.')
      .version(version)
      .showHelpAfterError('(sluice --help tells what there is)')
      .enablePositionalOptions()
      .exitOverride()
      // Other names of a command stand in its own help.
      .configureHelp({ subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(argumentTerm)].join(' ') })
      .configureOutput({
        writeOut: (text) => void stdout.write(text),
        writeErr: (text) => void stderr.write(text),
        getOutHelpWidth: () => widthOf(stdout),
        getErrHelpWidth: () => widthOf(stderr),
        getOutHasColors: () => false,
        getErrHasColors: () => false,
      })
    addConnectionOptions(this.program)
    addOutputOption(this.program)
  }

  /** Says what `command` does when it is carried out. */
  on<Options extends object>(command: Command, act: Act<Options>): Command {
    return command.action(async (...parts: unknown[]) => {
      const args = (parts.slice(0, -2) as (string | readonly string[] | undefined)[]).flat()
      let client: AdminClient | undefined
      const { surroundings } = this
      try {
        const code = await act({
          args,
          options: command.opts<Options>(),
          surroundings,
          format: formatOf(command),
          client: async () => (client ??= await connect(await connectionOf(connectionOptionsOf(command), surroundings), { version: this.version })),
          print: (line) => void surroundings.stdout.write(`${line}\n`),
          note: (line) => void surroundings.stderr.write(`${line}\n`),
        })
        this.#code = code ?? exitCode.same
      } finally {
        await client?.close()
      }
    })
  }

  /** Carries out what `argv`, with the program's own two words in front, asks for; gives the exit code. Once per instance. */
  async run(argv: readonly string[]): Promise<number> {
    try {
      await this.program.parseAsync(argv)
      return this.#code
    } catch (error) {
      // Commander has said what it wanted to say, help and version included.
      if (error instanceof CommanderError) return error.exitCode
      this.surroundings.stderr.write(await this.#told(error))
      return exitCode.failed
    }
  }

  async #told(error: unknown): Promise<string> {
    // Lines as editors and compilers have them begin with their place.
    if (error instanceof ProblemsError) return `${error.problems.map(printable).join('\n')}\n`
    if (error instanceof CommandError) return [`sluice: ${printable(error.message)}`, ...error.advice.map((line) => `  ${printable(line)}`), ''].join('\n')
    return `${(await this.#explain(error)) ?? `sluice: ${error instanceof Error ? error.message : String(error)}`}\n`
  }
}

/** `<id>`, `[id]`, `<id...>`. */
function argumentTerm(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${name}>` : `[${name}]`
}

function widthOf({ isTTY, columns = 80 }: Output): number {
  return isTTY ? columns : 80
}
