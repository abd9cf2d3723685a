import { readFile } from 'node:fs/promises'
import { CommandError } from './command-error.ts'
import type { ConnectionOptions } from './common-options.ts'
import { configFile } from './config-folder.ts'
import { readContexts, type Context } from './contexts.ts'
import type { Surroundings } from './surroundings.ts'

/** A setting, and who has it so: `--token`, `SLUICE_TOKEN`, `context "local"`. */
export interface Setting {
  readonly value: string
  readonly from: string
}

/** How the Admin API is reached. */
export interface Connection {
  /** Without a slash at its end. */
  readonly server: Setting
  readonly token: Setting
  /** Undefined: the server's own, and it answers in APISIX's dialect unless the token says otherwise. */
  readonly group: Setting | undefined
  readonly tls: Tls
  readonly proxy: Proxy
}

/** The way out, by the scheme of where it leads; `except`: where it is direct, as NO_PROXY has it. */
export interface Proxy {
  readonly http?: string
  readonly https?: string
  readonly except?: string
}

/** PEM texts. */
export interface Tls {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly isVerified: boolean
}

const defaultServer = 'http://127.0.0.1:9180'

/** A flag counts before the environment, and that before the context. Throws a `CommandError` where something is missing or no good. */
export async function connectionOf(options: ConnectionOptions, { env }: Pick<Surroundings, 'env'>): Promise<Connection> {
  return connection(options, env, await contextOf(options.context, env))
}

/** As a context alone says. Throws a `CommandError`. */
export async function connectionIn(context: Context, { env }: Pick<Surroundings, 'env'>): Promise<Connection> {
  return connection({}, env, context, false)
}

async function connection(options: ConnectionOptions, env: Surroundings['env'], context: Context | undefined, isExported = true): Promise<Connection> {
  const from = (flag: keyof ConnectionOptions, variable: string, member: keyof Context): Setting | undefined => {
    const [said, exported, kept] = [options[flag], isExported ? env[variable] : undefined, context?.[member]]
    if (typeof said === 'string' && said !== '') return { value: said, from: `--${flag.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}` }
    if (exported) return { value: exported, from: variable }
    return typeof kept === 'string' && kept !== '' ? { value: kept, from: `context ${JSON.stringify(context?.name)}` } : undefined
  }

  const server = from('server', 'SLUICE_SERVER', 'server') ?? { value: defaultServer, from: 'the default' }
  const token = from('token', 'SLUICE_TOKEN', 'token')
  if (!token) throw new CommandError('there is no token', { advice: ["Give the Admin API's key with --token, or as SLUICE_TOKEN, or keep it: sluice context create --help"] })
  return { server: { ...server, value: serverOf(server) }, token: resolved(token, env), group: from('gatewayGroup', 'SLUICE_GATEWAY_GROUP', 'gateway-group'), tls: await tlsOf(options, context), proxy: proxyOf(env) }
}

async function contextOf(asked: string | undefined, env: Surroundings['env']): Promise<Context | undefined> {
  const { current, contexts } = await readContexts(configFile({ env }))
  const name = asked ?? current
  const found = contexts.find((one) => one.name === name)
  if (asked !== undefined && !found) throw new CommandError(`there is no context ${JSON.stringify(asked)}`, { advice: ['sluice context list tells which there are.'] })
  return found
}

/** A server's address as requests are put together with it. Throws a `CommandError`. */
export function serverOf({ value, from }: Setting): string {
  const url = URL.canParse(value) ? new URL(value) : undefined
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:'
  // An address may hold a password: it is not repeated.
  if (!url || !isHttp || url.host === '' || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new CommandError(`the server that ${from} gives must be an address such as ${defaultServer}`)
  }
  // Both are what people copy from elsewhere.
  return `${url.origin}${url.pathname.replace(/\/+$/, '').replace(/\/apisix\/admin$/, '')}`
}

/** `$env://NAME` stands for a variable, so that no key lies in a file. */
function resolved({ value, from }: Setting, env: Surroundings['env']): Setting {
  const [, name] = /^\$env:\/\/(.+)$/.exec(value) ?? []
  if (name === undefined) return { value: headerValue(value, from), from }
  const found = env[name]
  if (!found) throw new CommandError(`the token of ${from} is that of the environment variable ${name}, which is not set`)
  return { value: headerValue(found, name), from: name }
}

function headerValue(token: string, from: string): string {
  const trimmed = token.trim()
  if (!/^[\u0021-\u007E\u0080-\u00FF]+(?: [\u0021-\u007E\u0080-\u00FF]+)*$/.test(trimmed)) throw new CommandError(`the token that ${from} gives cannot be sent: it must be one line of plain characters`)
  return trimmed
}

/** In either spelling. */
function proxyOf(env: Surroundings['env']): Proxy {
  const [http, https, except] = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].map((name) => env[name] || env[name.toLowerCase()] || undefined)
  return { ...(http && { http }), ...(https && { https }), ...(except && { except }) }
}

async function tlsOf(options: ConnectionOptions, context: Context | undefined): Promise<Tls> {
  const [ca, cert, key] = await Promise.all([
    readPem('--ca-cert', options.caCert ?? context?.['ca-cert']),
    readPem('--client-cert', options.clientCert ?? context?.['client-cert']),
    readPem('--client-key', options.clientKey ?? context?.['client-key']),
  ])
  if ((cert === undefined) !== (key === undefined)) throw new CommandError('--client-cert and --client-key go together', { advice: ['Give both, or neither.'] })
  const isVerified = !(options.tlsSkipVerify ?? context?.['tls-skip-verify'] ?? false)
  return { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }), isVerified }
}

async function readPem(flag: string, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`${path}, which ${flag} names, cannot be read: ${error.code === 'ENOENT' ? 'it does not exist' : error.code}`, { cause: error })
  })
}
