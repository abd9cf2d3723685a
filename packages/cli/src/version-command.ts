import type { Cli } from './cli.ts'
import { addConnectionOptions, addOutputOption } from './common-options.ts'
import { withExamples } from './examples.ts'
import { formatValue } from './format-value.ts'

/** `version`: of the program, and of the gateway where that can be asked. */
export function addVersionCommand(cli: Cli): void {
  const command = cli.program.command('version').description('Print the version of this program and, if it can be reached, of the gateway.')
  addConnectionOptions(addOutputOption(command))
  withExamples(command, 'sluice version', 'sluice version -o json')
  cli.on(command, async ({ client, format, print }) => {
    const server = await client()
      .then((connected) => connected.send({ method: 'GET', path: '/apisix/admin/plugins/list', isScoped: false }))
      .then(
        ({ headers }) => String(headers['server'] ?? 'a server that does not say'),
        (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
      )
    if (format === 'json' || format === 'yaml') print(formatValue({ client: cli.version, server }, format))
    else print(`client  ${cli.version}\nserver  ${typeof server === 'string' ? server : `unknown: ${server.error}`}`)
  })
}
