import { readFile } from 'node:fs/promises'
import { Command, InvalidArgumentError } from 'commander'
import { compileSnapshot, type Snapshot } from '@sluice/config'
import { silent } from '@sluice/kernel'
import { builtInOf, envOf } from './environment.ts'
import { InvalidConfigError } from './invalid-config-error.ts'
import { readConfig, type OpenedConfig } from './read-config.ts'
import { routesTable } from './routes-table.ts'
import { start, type MockAddress } from './start.ts'
import { version } from './version.ts'

/** Runs the program `sluice`; gives its exit code once it has ended. */
export async function run(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  let code = 0
  const program = new Command('sluice')
    .description('An AI gateway: one kind of request in, any provider out, plugins between.')
    .version(version)
    .showHelpAfterError('(sluice --help tells what there is)')
    .exitOverride()

  program
    .command('start')
    .description('Run the gateway.')
    .requiredOption('-c, --config <file>', 'configuration file, YAML or JSON')
    .option('--mock-llm <host:port>', 'also run an LLM provider there that needs no key, for trying things out', toAddress)
    .addHelpText('after', '\nExample:\n  sluice start -c examples/quickstart.yaml --mock-llm 127.0.0.1:9100')
    .action(async ({ config, mockLlm }: { config: string; mockLlm?: MockAddress }) => {
      code = await start({ file: config, env: envOf(env), builtIn: builtInOf(env), ...(mockLlm && { mockLlm }) })
    })

  program
    .command('validate')
    .description('Check a configuration file and list every problem with its path and line.')
    .requiredOption('-c, --config <file>', 'configuration file, YAML or JSON')
    .addHelpText('after', '\nExit code 0: fit to serve; 1: not.\n\nExample:\n  sluice validate -c gateway.yaml')
    .action(async ({ config }: { config: string }) => {
      const { settings, resolved } = (await read(config, env)).read
      out(`${config} is fit to serve: ${count(resolved.routes.length, 'route')}, listening on ${settings.listen.host}:${settings.listen.port}`)
    })

  program
    .command('routes')
    .description('Print the route table in the order in which it matches, each route with its chain.')
    .requiredOption('-c, --config <file>', 'configuration file, YAML or JSON')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  sluice routes -c gateway.yaml')
    .action(async ({ config, json }: { config: string; json?: boolean }) => {
      const snapshot = await compiled(await read(config, env))
      out(routesTable(snapshot, json === true))
      snapshot.retire()
      await snapshot.disposed
    })

  try {
    await program.parseAsync(argv as string[])
  } catch (error) {
    return report(error)
  }
  return code
}

async function read(file: string, env: NodeJS.ProcessEnv): ReturnType<typeof readConfig> {
  return readConfig({ file, text: await readFile(file, 'utf8'), env: envOf(env), builtIn: builtInOf(env), log: silent })
}

async function compiled({ text, kernel, read: { resolved } }: OpenedConfig): Promise<Snapshot> {
  try {
    return await compileSnapshot({ kernel, resolved })
  } catch (error) {
    throw await text.explained(error)
  }
}

function report(error: unknown): number {
  // Commander has said what it wanted to say, help and version included.
  if (error instanceof Error && 'exitCode' in error) return Number(error.exitCode)
  if (error instanceof InvalidConfigError) process.stderr.write(`${error.problems.join('\n')}\n`)
  else process.stderr.write(`sluice: ${messageOf(error)}\n`)
  return 1
}

function messageOf(error: unknown): string {
  const { code, path, syscall, message, ...rest } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return `${path ?? 'the file'} does not exist`
  if (code === 'EISDIR') return `${path ?? 'the file'} is a directory`
  if (code === 'EACCES' && path !== undefined) return `${path} may not be read`
  if (syscall === 'listen' || syscall === 'getaddrinfo') return notListening(code, rest as ListenError)
  return message
}

interface ListenError {
  readonly address?: string
  readonly port?: number
  readonly hostname?: string
}

function notListening(code: string | undefined, { address, port, hostname }: ListenError): string {
  const where = hostname ?? `${address?.includes(':') ? `[${address}]` : address}:${port}`
  const settings = 'gateway.listen, gateway.status.listen or --mock-llm'
  return `cannot listen on ${where}, which ${settings} names: ${refusals[code ?? ''] ?? code}`
}

const refusals: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something listens there already',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'ports this low need a privilege',
  ENOTFOUND: 'there is no such host',
}

function toAddress(text: string): MockAddress {
  const [, host = '', digits = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? []
  if (host === '' || Number(digits) > 65_535) throw new InvalidArgumentError('give host:port, such as 127.0.0.1:9100.')
  return { host, port: Number(digits) }
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

function out(text: string): void {
  process.stdout.write(`${text}\n`)
}
