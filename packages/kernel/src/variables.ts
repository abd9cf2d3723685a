import { hostname } from 'node:os'
import { compileBodyPath, ExprError, type Variable, type Variables } from '@sluice/expr'
import { JsonSyntaxError, type Document } from '@sluice/json-edit'
import { HttpError } from './errors.ts'
import type { Exchange, RequestTarget } from './exchange.ts'
import { headerOf } from './headers.ts'
import { isCrowded } from './is-crowded.ts'
import type { Plugin } from './plugin.ts'
import { cookieOf } from './presented.ts'

type Read = (ctx: Exchange) => unknown

const thisHost = hostname()

/** Resolves the names of the built-in variables, and of those that plugins add, for expressions, templates and the access log. */
export function variablesOf(plugins: Iterable<Plugin>): Variables<Exchange> {
  const known = new Map<string, Variable<Exchange>>()
  for (const [name, read] of Object.entries(plain)) known.set(name, { read })
  for (const { variables = {} } of plugins) for (const [name, read] of Object.entries(variables)) known.set(name, { read })

  return (name) => {
    let variable = known.get(name)
    if (!variable) {
      variable = prefixed(name)
      // Interned, so that everyone who names it shares what it memoises.
      if (variable && known.size < 10_000) known.set(name, variable)
    }
    return variable
  }
}

const plain: Record<string, Read> = {
  // The request, in nginx's words: https://nginx.org/en/docs/varindex.html
  uri: (ctx) => targetOf(ctx).uri,
  request_uri: (ctx) => requestUri(ctx),
  args: (ctx) => targetOf(ctx).query || undefined,
  is_args: (ctx) => (targetOf(ctx).query ? '?' : ''),
  host: (ctx) => withoutPort(receivedHost(ctx) ?? '').toLowerCase() || undefined,
  scheme: (ctx) => ctx.request.scheme,
  request_method: (ctx) => targetOf(ctx).method,
  method: (ctx) => targetOf(ctx).method,
  remote_addr: (ctx) => ctx.request.remoteAddress,
  // Text, as in nginx: `==` with a number converts, `==` with text does not.
  remote_port: (ctx) => String(ctx.request.remotePort),
  server_addr: (ctx) => ctx.request.serverAddress,
  server_port: (ctx) => String(ctx.request.serverPort),
  server_protocol: (ctx) => `HTTP/${ctx.request.httpVersion}`,
  content_length: (ctx) => headerOf(ctx.request.headers, 'content-length'),
  content_type: (ctx) => headerOf(ctx.request.headers, 'content-type'),
  connection: (ctx) => headerOf(ctx.request.headers, 'connection'),
  request_length: (ctx) => ctx.request.body.receivedLength ?? 0,
  hostname: () => thisHost,
  request_id: (ctx) => ctx.id,
  apisix_request_id: (ctx) => ctx.id,
  original_x_forwarded_for: (ctx) => headerOf(ctx.request.headers, 'x-forwarded-for'),
  // Times: of the start, except where nginx means the moment of logging.
  msec: (ctx) => seconds(endOf(ctx)),
  time_iso8601: (ctx) => isoWithOffset(endOf(ctx)),
  time_local: (ctx) => localTime(endOf(ctx)),
  request_time: (ctx) => seconds(ctx.durationMs ?? ctx.clock.monotonic() - ctx.startedMonotonic),
  // What was matched and found.
  route_id: (ctx) => ctx.route?.id,
  route_name: (ctx) => ctx.route?.name,
  service_id: (ctx) => ctx.route?.serviceId,
  service_name: (ctx) => ctx.route?.serviceName,
  consumer_name: (ctx) => ctx.consumer?.name,
  consumer_group_id: (ctx) => ctx.consumer?.groupId,
  // The answer.
  status: (ctx) => ctx.delivery?.status ?? ctx.reply?.status,
  bytes_sent: (ctx) => (ctx.delivery ? ctx.delivery.headerBytes + ctx.delivery.bodyBytes : 0),
  body_bytes_sent: (ctx) => ctx.delivery?.bodyBytes ?? 0,
  outcome: (ctx) => ctx.outcome,
  // The upstream attempt.
  balancer_ip: (ctx) => ctx.upstream?.balancer,
  balancer_port: (ctx) => ctx.upstream?.balancerPort,
  upstream_addr: (ctx) => ctx.upstream?.address,
  upstream_status: (ctx) => ctx.upstream?.status,
  upstream_uri: (ctx) => ctx.upstream?.uri,
  upstream_host: (ctx) => ctx.upstream?.host,
  upstream_unresolved_host: (ctx) => ctx.upstream?.host,
  upstream_scheme: (ctx) => ctx.upstream?.scheme,
  upstream_response_length: (ctx) => ctx.upstream?.bytes,
  upstream_response_time: (ctx) => spanOf(ctx, 'endedAt'),
  upstream_connect_time: (ctx) => spanOf(ctx, 'connectedAt'),
  upstream_header_time: (ctx) => spanOf(ctx, 'headAt'),
  apisix_upstream_response_time: (ctx) => {
    const upstream = ctx.upstream
    return upstream?.endedAt === undefined ? undefined : Math.round(upstream.endedAt - upstream.startedAt)
  },
}

/** The built-in variables that have one name; those with a part to choose, such as `http_NAME`, stand beside them. */
export const variableNames: readonly string[] = Object.keys(plain)

function prefixed(name: string): Variable<Exchange> | undefined {
  const rest = (prefix: string): string | undefined => (name.startsWith(prefix) ? name.slice(prefix.length) : undefined)
  let key: string | undefined
  if ((key = rest('http_'))) return { read: requestHeader(headerName(key)) }
  if ((key = rest('sent_http_'))) return { read: sentHeader(headerName(key)) }
  if ((key = rest('upstream_http_'))) return { read: upstreamHeader(headerName(key)) }
  if ((key = rest('arg_'))) return { read: argument(key) }
  if ((key = rest('cookie_'))) return { read: cookie(key) }
  if ((key = rest('uri_param_'))) return { read: uriParam(key) }
  if ((key = rest('post_arg_'))) return { read: formField(key), needsBody: true }
  if ((key = rest('post_arg.'))) return { read: bodyField(key), needsBody: true }
  return undefined
}

const headerName = (key: string): string => key.toLowerCase().replaceAll('_', '-')

function requestHeader(name: string): Read {
  if (name === 'host') return receivedHost
  return ({ request }) => joined(own(request.headers, name))
}

function sentHeader(name: string): Read {
  return ({ reply }) => joined(own(reply?.headers, name))
}

function upstreamHeader(name: string): Read {
  return ({ upstream }) => joined(upstream?.header?.(name))
}

function argument(name: string): Read {
  return (ctx) => {
    const { query } = targetOf(ctx)
    return keptFor(ctx, 'kernel.args', query, () => new URLSearchParams(query)).get(name) ?? undefined
  }
}

function uriParam(name: string): Read {
  return ({ params }) => own(params, name)
}

function cookie(name: string): Read {
  return ({ request }) => cookieOf(request, name)
}

function formField(name: string): Read {
  return (ctx) => (bodyKind(ctx) === 'form' && ctx.request.body.isRead ? (formOf(ctx).get(name) ?? undefined) : undefined)
}

/** A field of the body: a plain path descends by member names, a JSONPath gives the list of its matches. A body that is no JSON has none. */
function bodyField(path: string): Read {
  const compiled = compileBodyPath(path)
  const key = `kernel.post_arg.${path}`
  return (ctx) => {
    const kind = bodyKind(ctx)
    if (kind === undefined || !ctx.request.body.isRead) return undefined
    if (kind === 'form') return formOf(ctx).get(path) ?? undefined
    return keptFor(ctx, key, ctx.request.body.revision, () => fieldOf(ctx, compiled))
  }
}

/** Absent where the body is not JSON: the plugin that needs it to be JSON refuses with the reason. */
function fieldOf(ctx: Exchange, path: ReturnType<typeof compileBodyPath>): unknown {
  try {
    return 'query' in path ? path.query(wholeBody(ctx)) : memberAt(ctx.request.body.document, path.segments)
  } catch (error) {
    if (error instanceof HttpError || error instanceof JsonSyntaxError) return undefined
    throw error
  }
}

function wholeBody(ctx: Exchange): unknown {
  const { revision, document } = ctx.request.body
  const kept = ctx.memo('kernel.body', () => ({ revision: -1, value: undefined as unknown }))
  if (kept.revision !== revision) {
    kept.revision = revision
    kept.value = valueAt(document, [])
  }
  return kept.value
}

function memberAt(document: Document, segments: readonly string[]): unknown {
  for (let depth = 1; depth < segments.length; depth++) {
    if (document.kind(segments.slice(0, depth)) !== 'object') return undefined
  }
  const value = document.has(segments) ? valueAt(document, segments) : undefined
  return value === null ? undefined : value
}

/** Throws an `ExprError` for a value that was made to be slow to take apart. */
function valueAt(document: Document, segments: readonly string[]): unknown {
  const kind = document.kind(segments)
  if ((kind === 'object' || kind === 'array') && isCrowded(document.raw(segments) as Buffer)) {
    throw new ExprError('too many values stand in the body to look for one')
  }
  return document.get(segments)
}

function bodyKind({ request }: Exchange): 'json' | 'form' | undefined {
  const type = headerOf(request.headers, 'content-type')?.toLowerCase()
  if (type === undefined) return 'json'
  if (type.includes('application/x-www-form-urlencoded')) return 'form'
  return type.includes('application/json') || type.includes('+json') ? 'json' : undefined
}

function formOf(ctx: Exchange): URLSearchParams {
  const { body } = ctx.request
  return keptFor(ctx, 'kernel.form', body.revision, () => new URLSearchParams(body.bytes.toString('utf8')))
}

/** A memo of the exchange that is good for one `version` of what it was computed from. */
function keptFor<T>(ctx: Exchange, key: string, version: string | number, compute: () => T): T {
  const kept = ctx.memo(key, () => ({ version, value: compute() }))
  if (kept.version !== version) {
    kept.value = compute()
    kept.version = version
  }
  return kept.value
}

/** Objects made by plugins have a prototype, and `constructor` is no header of theirs. */
function own<T>(from: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return from && Object.hasOwn(from, name) ? from[name] : undefined
}

/** What the client asked for, whatever plugins have put in its place. */
function targetOf({ received, request }: Exchange): Omit<RequestTarget, 'host'> {
  return received ?? request
}

function receivedHost({ received, request }: Exchange): string | undefined {
  return received ? received.host : headerOf(request.headers, 'host')
}

function requestUri(ctx: Exchange): string {
  const { path, query } = targetOf(ctx)
  return query ? `${path}?${query}` : path
}

/** Of a host that the front refuses for it, user and password are not shown either. */
function withoutPort(host: string): string {
  const start = host.lastIndexOf('@') + 1
  const at = host.lastIndexOf(':')
  return at >= start && at > host.lastIndexOf(']') ? host.slice(start, at) : host.slice(start)
}

function joined(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'object' ? value.join(', ') : value
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3)

function spanOf({ upstream }: Exchange, until: 'endedAt' | 'connectedAt' | 'headAt'): string | undefined {
  const end = upstream?.[until]
  return upstream === undefined || end === undefined ? undefined : seconds(end - upstream.startedAt)
}

function endOf(ctx: Exchange): number {
  return ctx.startedAt + (ctx.durationMs ?? 0)
}

const two = (n: number): string => String(n).padStart(2, '0')

function offsetOf(date: Date, separator: string): string {
  const minutes = -date.getTimezoneOffset()
  const absolute = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(absolute / 60))}${separator}${two(absolute % 60)}`
}

/** Of moments that mostly come many in one second. */
function perSecond(format: (date: Date) => string): (ms: number) => string {
  let at = Number.NaN
  let text = ''
  return (ms) => {
    const second = Math.floor(ms / 1000)
    if (second !== at) {
      at = second
      text = format(new Date(ms))
    }
    return text
  }
}

const isoWithOffset = perSecond((date) => {
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${offsetOf(date, ':')}`
})

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const localTime = perSecond((date) => {
  const day = `${two(date.getDate())}/${months[date.getMonth()]}/${date.getFullYear()}`
  return `${day}:${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${offsetOf(date, '')}`
})
