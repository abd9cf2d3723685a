import type { Cli } from '../cli.ts'
import { addConnectionOptions, addOutputOption } from '../common-options.ts'
import { withExamples } from '../examples.ts'
import { formatValue } from '../format-value.ts'
import { CommandError } from '../command-error.ts'

/** What there is of plugins: their names, and what each may be told. */
export function addPluginCommands(cli: Cli): void {
  const parent = cli.program.command('plugin').aliases(['plugins', 'pl']).description('Plugins that the gateway has, and their schemas.')
  addConnectionOptions(addOutputOption(parent, { isHidden: true }), { isHidden: true })

  const list = parent.command('list').alias('ls').description('List the plugins by priority, the highest first.')
  addConnectionOptions(addOutputOption(list, { description: 'how to print (default: a line each)' }))
  withExamples(list, 'sluice plugin list', 'sluice plugin list -o json')
  cli.on(list, async ({ client, format, print }) => {
    const { body } = await (await client()).send({ method: 'GET', path: '/apisix/admin/plugins/list' })
    if (!Array.isArray(body)) throw new CommandError("the server's list of plugins is not one")
    print(format === 'json' || format === 'yaml' ? formatValue(body, format) : body.join('\n'))
  })

  const get = parent.command('get <name>').description('Show the schema of what a plugin may be told.')
  addConnectionOptions(addOutputOption(get, { description: 'yaml or json (default: yaml)' }))
  withExamples(get, 'sluice plugin get ai-proxy', 'sluice plugin get ai-proxy -o json')
  cli.on(get, async ({ args: [name = ''], client, format, print }) => {
    const found = await (await client()).find({ method: 'GET', path: `/apisix/admin/plugins/${encodeURIComponent(name)}` })
    if (!found) throw new CommandError(`there is no plugin ${name}`, { advice: ['sluice plugin list tells which there are.'] })
    print(formatValue(found.body, format === 'json' ? 'json' : 'yaml'))
  })
}
