import { Option, type Command } from 'commander'

/** How results are printed. */
export type Format = 'json' | 'yaml' | 'table'

/** What flags say of the Admin API. */
export interface ConnectionOptions {
  readonly server?: string
  readonly token?: string
  readonly gatewayGroup?: string
  readonly context?: string
  readonly caCert?: string
  readonly clientCert?: string
  readonly clientKey?: string
  readonly tlsSkipVerify?: boolean
}

const connectionGroup = 'Connection:'

const connection: readonly (readonly [flags: string, description: string])[] = [
  ['-s, --server <url>', 'the Admin API (SLUICE_SERVER; http://127.0.0.1:9180)'],
  ['-t, --token <token>', 'its key (SLUICE_TOKEN)'],
  ['-g, --gateway-group <group>', 'the group of resources (SLUICE_GATEWAY_GROUP)'],
  ['--context <name>', 'the context to take these from, instead of the current one'],
  ['--ca-cert <file>', 'certificates, PEM, to trust instead of the well-known ones'],
  ['--client-cert <file>', 'certificate, PEM, that shows who is asking'],
  ['--client-key <file>', 'the private key to it, PEM'],
  ['--tls-skip-verify', 'believe any certificate: for trying things out'],
]

/** The options of every command that asks the Admin API. `isHidden`: they are understood, and help tells of them elsewhere. */
export function addConnectionOptions(command: Command, { isHidden = false, except = [] }: { readonly isHidden?: boolean; readonly except?: readonly string[] } = {}): Command {
  for (const [flags, description] of connection) {
    const option = new Option(flags, description).hideHelp(isHidden).helpGroup(connectionGroup)
    if (!except.includes(option.attributeName())) command.addOption(option)
  }
  return command
}

/** `--output`. */
export function addOutputOption(command: Command, { isHidden = false, description = 'how to print' }: { readonly isHidden?: boolean; readonly description?: string } = {}): Command {
  return command.addOption(new Option('-o, --output <format>', description).choices(['json', 'yaml', 'table']).hideHelp(isHidden))
}

/** What was said of the connection, before the words of a command or after them; the nearest counts. */
export function connectionOptionsOf(command: Command): ConnectionOptions {
  return commonOf(command, ({ helpGroupHeading }) => helpGroupHeading === connectionGroup) as ConnectionOptions
}

/** `--output`, likewise. */
export function formatOf(command: Command): Format | undefined {
  const { output } = commonOf(command, (option) => option.attributeName() === 'output') as { output?: Format }
  return output
}

function commonOf(command: Command, isMeant: (option: Option) => boolean): object {
  const own = command.options.filter(isMeant).map((option) => [option.attributeName(), command.getOptionValue(option.attributeName()) as unknown] as const)
  return { ...(command.parent && commonOf(command.parent, isMeant)), ...Object.fromEntries(own.filter(([, value]) => value !== undefined)) }
}
