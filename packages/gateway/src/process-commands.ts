import { InvalidArgumentError } from 'commander'
import { withExamples, type Cli } from '@sluice/cli'
import type { MockAddress } from './start.ts'

const configOption = ['-c, --config <file>', 'configuration file, YAML or JSON'] as const

// What they do is loaded when it is done: the other commands need none of it, and start in half the time.
/** What the program does with a configuration file in this process: `start`, `validate`, `routes`. */
export function addProcessCommands(cli: Cli): void {
  const { program } = cli
  program.commandsGroup('A gateway here:')

  const start = program
    .command('start')
    .description('Run the gateway.')
    .requiredOption(...configOption)
    .option('--mock-llm <host:port>', 'also run an LLM provider there that needs no key, for trying things out', toAddress)
  withExamples(start, 'sluice start -c examples/quickstart.yaml --mock-llm 127.0.0.1:9100')
  cli.on<{ config: string; mockLlm?: MockAddress }>(start, async ({ options: { config, mockLlm }, surroundings: { env } }) => {
    const { startProgram } = await import('./process-actions.ts')
    return startProgram({ file: config, env, ...(mockLlm && { mockLlm }) })
  })

  const validate = program.command('validate').description('Check a configuration file and list every problem with its path and line.').requiredOption(...configOption)
  validate.addHelpText('after', '\nExit code 0: fit to serve; 1: not.')
  withExamples(validate, 'sluice validate -c gateway.yaml')
  cli.on<{ config: string }>(validate, async ({ options: { config }, surroundings: { env }, print }) => {
    const { fitness } = await import('./process-actions.ts')
    print(await fitness({ file: config, env }))
  })

  const routes = program
    .command('routes')
    .description('Print the route table in the order in which it matches, each route with its chain.')
    .requiredOption(...configOption)
    .option('--json', 'as JSON')
  withExamples(routes, 'sluice routes -c gateway.yaml')
  cli.on<{ config: string; json?: boolean }>(routes, async ({ options: { config, json }, surroundings: { env }, format, print }) => {
    const { routesOf } = await import('./process-actions.ts')
    print(await routesOf({ file: config, env, isJson: json === true || format === 'json' }))
  })
}

function toAddress(text: string): MockAddress {
  const [, host = '', digits = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? []
  if (host === '' || Number(digits) > 65_535) throw new InvalidArgumentError('give host:port, such as 127.0.0.1:9100.')
  return { host, port: Number(digits) }
}
