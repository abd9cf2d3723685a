import type { Variable, Variables } from '@sluice/expr'
import { isSecretName, maskQuery, presentedIn, type CredentialPlace, type Exchange } from '@sluice/kernel'
import { extraNames, logExtras } from './log-extras.ts'

/** Characters of one value; longer ones are cut. */
const longest = 8 * 1024

/** Variables as a log may show them: credentials masked, long texts cut, one that throws absent, `logExtras` among them. */
export function loggableVariables(variables: Variables<Exchange>): Variables<Exchange> {
  return (name) => {
    if (extraNames.has(name)) return { read: (ctx) => ctx.get(logExtras)?.[name] }
    const variable = variables(name)
    return variable && { read: guarded(oncePerSecond(name, variable), maskOf(name)) }
  }
}

type Mask = (text: string, ctx: Exchange) => string

function guarded({ read }: Variable<Exchange>, mask: Mask | undefined): (ctx: Exchange) => unknown {
  return (ctx) => {
    let value: unknown
    try {
      value = read(ctx)
    } catch {
      return undefined // a plugin's variable; the rest of the line is worth having
    }
    if (mask && value !== undefined && value !== null) value = mask(typeof value === 'string' ? value : '', ctx)
    return typeof value === 'string' && value.length > longest ? cut(value) : value
  }
}

function cut(text: string): string {
  // Not between the halves of a surrogate pair.
  const isPair = (text.charCodeAt(longest - 1) & 0xfc00) === 0xd800
  return `${text.slice(0, isPair ? longest - 1 : longest)}…`
}

const hidden: Mask = () => '***'

function maskOf(name: string): Mask | undefined {
  if (name === 'args') return (query, ctx) => maskQuery(query, presentedIn(ctx, 'query'))
  if (name === 'request_uri' || name === 'upstream_uri' || /^http_referr?er$/i.test(name)) return maskUri
  const [, kind, key = ''] = /^((?:sent_|upstream_)?http_|arg_|cookie_|post_arg[_.])(.*)$/s.exec(name) ?? []
  if (kind === undefined) return undefined
  // Of a path into the body, any step may be the secret: `metadata.api_key`.
  if (key.split(/[.[\]*]/).some(isSecretName)) return hidden
  if (kind === 'http_') return unlessPresented('header', key.toLowerCase().replaceAll('_', '-'))
  if (kind === 'arg_') return unlessPresented('query', key)
  return kind === 'cookie_' ? unlessPresented('cookie', key) : undefined
}

/** What a name does not tell, the plugin may that looked there for a credential. */
function unlessPresented(where: CredentialPlace['in'], name: string): Mask {
  return (text, ctx) => (presentedIn(ctx, where).includes(name) ? hidden(text, ctx) : text)
}

function maskUri(uri: string, ctx: Exchange): string {
  const at = uri.indexOf('?')
  return at < 0 ? uri : `${uri.slice(0, at + 1)}${maskQuery(uri.slice(at + 1), presentedIn(ctx, 'query'))}`
}

/** These cost more than the rest of a line together and change once a second. */
const byTheSecond: ReadonlySet<string> = new Set(['time_iso8601', 'time_local'])

function oncePerSecond(name: string, variable: Variable<Exchange>): Variable<Exchange> {
  if (!byTheSecond.has(name)) return variable
  let second = Number.NaN
  let value: unknown
  return {
    read(ctx) {
      const now = Math.floor((ctx.startedAt + (ctx.durationMs ?? 0)) / 1000)
      if (now !== second) {
        value = variable.read(ctx)
        second = now
      }
      return value
    },
  }
}
