import { resolve } from 'node:path'
import { Option, type Command } from 'commander'
import type { Call, Cli } from '../cli.ts'
import { CommandError } from '../command-error.ts'
import { addConnectionOptions, addOutputOption, type ConnectionOptions } from '../common-options.ts'
import { withValues } from '../completion/values.ts'
import { configFile } from '../config-folder.ts'
import { confirm } from '../confirm.ts'
import { readContexts, writeContexts, type Context, type Contexts } from '../contexts.ts'
import { withExamples } from '../examples.ts'
import { formatValue } from '../format-value.ts'
import { table } from '../table.ts'
import { checkContext } from './check-context.ts'

const none = 'There are no contexts; sluice context create --help tells how to make one.'

/** How several gateways are reached, each under a name: `sluice context`. */
export function addContextCommands(cli: Cli): void {
  const parent = cli.program.command('context').aliases(['contexts', 'ctx']).description('Contexts: names for gateways, each with its address and key.')
  addOutputOption(parent, { isHidden: true })
  addCreate(cli, parent)
  addUse(cli, parent)
  addCurrent(cli, parent)
  addList(cli, parent)
  addDelete(cli, parent)
}

interface CreateOptions extends ConnectionOptions {
  readonly skipValidation?: boolean
  readonly use?: boolean
}

function addCreate(cli: Cli, parent: Command): void {
  const command = parent
    .command('create <name>')
    .description('Make a context, once the gateway has answered. The first one becomes the current one.')
    .option('--use', 'make it the current one')
    .option('--skip-validation', 'ask the gateway nothing')
  addConnectionOptions(command, { except: ['context'] })
  command.addHelpText('after', '\nA token of the form $env://NAME is kept as that, and looked up in the environment when it is used.')
  withExamples(command, "sluice context create local --server http://127.0.0.1:9180 --token '$env://SLUICE_ADMIN_KEY' -g default", 'sluice context create staging --server https://admin.staging.example.com --token "$TOKEN" --use --skip-validation')
  cli.on<CreateOptions>(command, async ({ args: [name = ''], options, surroundings, print }) => {
    const file = configFile(surroundings)
    const before = await readContexts(file)
    if (before.contexts.some((one) => one.name === name)) throw new CommandError(`there is a context ${JSON.stringify(name)} already`, { advice: [`Take it away first: sluice context delete ${name}`] })
    const context = contextOf(name, options, surroundings.env)
    if (!options.skipValidation) await checkContext(context, { surroundings, version: cli.version })
    const isCurrent = options.use === true || before.contexts.length === 0
    await writeContexts(file, { contexts: [...before.contexts, context], current: isCurrent ? name : before.current })
    print(`created context ${name}${isCurrent ? ', which is the current one now' : ''}`)
  })
}

function contextOf(name: string, options: CreateOptions, env: Call['surroundings']['env']): Context {
  const { server = env['SLUICE_SERVER'] || 'http://127.0.0.1:9180', token = env['SLUICE_TOKEN'], gatewayGroup = env['SLUICE_GATEWAY_GROUP'], caCert, clientCert, clientKey, tlsSkipVerify } = options
  return {
    name,
    server,
    ...(token && { token }),
    ...(gatewayGroup && { 'gateway-group': gatewayGroup }),
    ...(caCert && { 'ca-cert': resolve(caCert) }),
    ...(clientCert && { 'client-cert': resolve(clientCert) }),
    ...(clientKey && { 'client-key': resolve(clientKey) }),
    ...(tlsSkipVerify && { 'tls-skip-verify': true }),
  }
}

function addUse(cli: Cli, parent: Command): void {
  const command = withExamples(parent.command('use <name>').description('Make a context the current one.'), 'sluice context use staging')
  withValues(command, namesOf)
  cli.on(command, async ({ args: [name = ''], surroundings, print }) => {
    const file = configFile(surroundings)
    const { contexts } = await readContexts(file)
    found(contexts, name)
    await writeContexts(file, { contexts, current: name })
    print(`context ${name} is the current one now`)
  })
}

function addCurrent(cli: Cli, parent: Command): void {
  const command = withExamples(parent.command('current').description('Print the name of the current context.'), 'sluice context current')
  cli.on(command, async ({ surroundings, print }) => {
    const { current, contexts } = await readContexts(configFile(surroundings))
    if (current === undefined) throw new CommandError('no context is the current one', { advice: [contexts.length === 0 ? none : 'Make one that: sluice context use <name>'] })
    print(current)
  })
}

function addList(cli: Cli, parent: Command): void {
  const command = parent.command('list').alias('ls').description('List the contexts, without their tokens.')
  addOutputOption(command, { description: 'how to print (default: table)' })
  withExamples(command, 'sluice context list', 'sluice context list -o json')
  cli.on(command, async ({ surroundings, format = 'table', print, note }) => {
    const { current, contexts } = await readContexts(configFile(surroundings))
    if (format !== 'table') print(formatValue(contexts.map(({ token: _token, ...shown }) => ({ ...shown, current: shown.name === current })), format))
    else if (contexts.length === 0) note(none)
    else {
      const rows = contexts.map((one) => [one.name === current ? `${one.name} *` : one.name, one.server, one['gateway-group'] ?? '', one['tls-skip-verify'] ? 'not verified' : ''])
      print(table(['NAME', 'SERVER', 'GATEWAY GROUP', 'TLS'], rows, surroundings.stdout.isTTY ? surroundings.stdout.columns : undefined))
    }
  })
}

function addDelete(cli: Cli, parent: Command): void {
  const command = parent.command('delete <name>').alias('rm').description('Forget a context, and its token.').addOption(new Option('--force', 'do not ask; nobody is asked where there is no terminal'))
  withExamples(command, 'sluice context delete staging --force')
  withValues(command, namesOf)
  cli.on<{ force?: boolean }>(command, async ({ args: [name = ''], options: { force }, surroundings, print, note }) => {
    const file = configFile(surroundings)
    const { current, contexts } = await readContexts(file)
    found(contexts, name)
    await confirm(`Delete context ${name}?`, surroundings, force === true)
    // No other takes its place by itself: commands would change another gateway than before.
    await writeContexts(file, { contexts: contexts.filter((one) => one.name !== name), current: current === name ? undefined : current })
    print(`deleted context ${name}`)
    if (current === name && contexts.length > 1) note('No context is the current one now; sluice context use <name> makes one that.')
  })
}

function found(contexts: Contexts['contexts'], name: string): void {
  if (!contexts.some((one) => one.name === name)) throw new CommandError(`there is no context ${JSON.stringify(name)}`, { advice: ['sluice context list tells which there are.'] })
}

async function namesOf({ surroundings }: { readonly surroundings: Call['surroundings'] }): Promise<readonly string[]> {
  return (await readContexts(configFile(surroundings))).contexts.map(({ name }) => name)
}
