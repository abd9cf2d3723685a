import { definePlugin, headerMap, headerOf, type Exchange, type HeaderMap, type Host, type Plugin, type Reply } from '@sluice/kernel'
import { compileOrigins, type Origins } from './origins.ts'
import { ConfigSchema, listedOrigins, MetadataSchema, validate, type Config, type Metadata } from './config.ts'

/** Lets pages of other origins read answers: answers preflights, and puts its headers on whatever leaves. */
export const cors: Plugin = definePlugin({
  name: 'cors',
  priority: 4000,
  schema: ConfigSchema,
  metadataSchema: MetadataSchema,
  validate,
  setup(config, host) {
    const allowed = allowedBy(config, host)
    const timing = timingBy(config)
    const headersFor = headersBy(config)
    return {
      rewrite(ctx): Reply | void {
        // As they are now: another plugin may take the request's headers apart before the answer leaves.
        const origin = headerOf(ctx.request.headers, 'origin')
        const granted = headersFor(allowed.answerFor(origin), ctx)
        const timed = timing?.answerFor(origin)
        ctx.onReply(({ headers }) => {
          forget(headers)
          Object.assign(headers, granted)
          if (timed !== undefined) headers['timing-allow-origin'] = timed
          if (allowed.varies || timing?.varies) headers['vary'] = withOrigin(headers['vary'])
        })
        if (ctx.request.method === 'OPTIONS') return { status: 200, headers: headerMap(), body: null }
      },
    }
  },
})

function allowedBy(config: Config, { metadata, log }: Host): Origins {
  const { allow_origins: byName } = metadata as Metadata
  const named = (config.allow_origins_by_metadata ?? []).flatMap((name) => {
    if (Object.hasOwn(byName, name)) return byName[name] ?? []
    log.warn({ name }, 'allow_origins_by_metadata names an origin that the plugin_metadata of cors does not have')
    return []
  })
  const listed = listedOrigins(config)
  return compileOrigins(config.allow_origins_by_regex, listed === undefined ? named : [listed, ...named])
}

function timingBy({ timing_allow_origins: listed, timing_allow_origins_by_regex: patterns }: Config): Origins | undefined {
  return listed === undefined && patterns === undefined ? undefined : compileOrigins(patterns, listed === undefined ? [] : [listed])
}

const allMethods = 'GET,POST,PUT,DELETE,PATCH,HEAD,OPTIONS,CONNECT,TRACE'

/** Gives the headers for an origin that is let in; none for others. */
function headersBy(config: Config): (origin: string | undefined, ctx: Exchange) => HeaderMap | undefined {
  const fixed: HeaderMap = {
    'access-control-allow-methods': config.allow_methods === '**' ? allMethods : config.allow_methods,
    'access-control-max-age': String(config.max_age),
  }
  if (config.allow_headers !== '**') fixed['access-control-allow-headers'] = config.allow_headers
  if (config.expose_headers) fixed['access-control-expose-headers'] = config.expose_headers
  if (config.allow_credential) fixed['access-control-allow-credentials'] = 'true'
  return (origin, { request }) => {
    if (origin === undefined) return undefined
    const headers: HeaderMap = { 'access-control-allow-origin': origin, ...fixed }
    if (config.allow_headers === '**') {
      const asked = headerOf(request.headers, 'access-control-request-headers')
      if (asked !== undefined) headers['access-control-allow-headers'] = asked
    }
    return headers
  }
}

/** Where the gateway says who may read, nobody behind it does. */
function forget(headers: HeaderMap): void {
  for (const name in headers) if (name.startsWith('access-control-') || name === 'timing-allow-origin') delete headers[name]
}

/** An answer that differs by origin must not come out of a cache for another one. */
function withOrigin(vary: string | string[] | undefined): string {
  const names = vary === undefined ? [] : String(vary).split(',').map((name) => name.trim())
  if (names.some((name) => name === '*' || name.toLowerCase() === 'origin')) return names.join(', ')
  return [...names, 'Origin'].filter(Boolean).join(', ')
}
