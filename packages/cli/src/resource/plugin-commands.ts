import type { Cli } from '../cli.ts'
import { CommandError } from '../command-error.ts'
import { addConnectionOptions, addOutputOption } from '../common-options.ts'
import { withValues } from '../completion/values.ts'
import { withExamples } from '../examples.ts'
import { formatValue } from '../format-value.ts'

/** What there is of plugins: their names, and what each may be told. */
export function addPluginCommands(cli: Cli): void {
  const parent = cli.program.command('plugin').aliases(['plugins', 'pl']).description('Plugins that the gateway has, and their schemas.')
  addConnectionOptions(addOutputOption(parent, { isHidden: true }), { isHidden: true })

  const list = parent.command('list').alias('ls').description('List the plugins by priority, the highest first.')
  addConnectionOptions(addOutputOption(list, { description: 'how to print (default: a line each)' }))
  withExamples(list, 'sluice plugin list', 'sluice plugin list -o json')
  cli.on(list, async ({ client, format, print }) => {
    const found = namesIn((await (await client()).send(names)).body)
    print(format === 'json' || format === 'yaml' ? formatValue(found, format) : found.join('\n'))
  })

  const get = parent.command('get <name>').description('Show the schema of what a plugin may be told.')
  addConnectionOptions(addOutputOption(get, { description: 'yaml or json (default: yaml)' }))
  withExamples(get, 'sluice plugin get ai-proxy', 'sluice plugin get ai-proxy -o json')
  withValues(get, async ({ client }) => namesIn((await (await client()).send(names)).body))
  cli.on(get, async ({ args: [name = ''], client, format, print }) => {
    const found = await (await client()).find({ method: 'GET', path: `/apisix/admin/plugins/${encodeURIComponent(name)}` })
    if (!found) throw new CommandError(`there is no plugin ${name}`, { advice: ['sluice plugin list tells which there are.'] })
    print(formatValue(found.body, format === 'json' ? 'json' : 'yaml'))
  })
}

const names = { method: 'GET', path: '/apisix/admin/plugins/list' } as const

function namesIn(body: unknown): readonly string[] {
  if (!Array.isArray(body)) throw new CommandError("the server's list of plugins is not one")
  return body.map(String)
}
