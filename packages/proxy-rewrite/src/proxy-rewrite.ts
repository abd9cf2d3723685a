import { definePlugin, HttpError, type Exchange, type Plugin } from '@sluice/kernel'
import { compileHeaderEdits, headerEditsOf } from '@sluice/rewrite'
import { normalizePath } from '@sluice/router'
import { compileRewrite } from './compile-rewrite.ts'
import { ConfigSchema, validate, type Config } from './config.ts'
import { scopeVariables } from './scope.ts'
import type { Written } from './target-template.ts'

/** Asks the upstream for something else than the client asked for. */
export const proxyRewrite: Plugin = definePlugin({
  name: 'proxy-rewrite',
  priority: 1008,
  sharesInstances: true,
  schema: ConfigSchema,
  validate,
  setup(config, { variables }) {
    const rewritten = compileRewrite(config, variables)
    const edits = config.headers && headerEditsOf(config.headers)
    const headers = edits && compileHeaderEdits(edits, scopeVariables(variables))
    const changed = new Set(edits && [...edits.add, ...edits.set].map(([name]) => name))
    const { host, method, use_real_request_uri_unsafe: isUnsafe } = config

    const rewrite = (ctx: Exchange): void => {
      const { target, groups } = rewritten.of(ctx)
      if (headers) {
        headers.apply(ctx.request.headers, { ctx, groups })
        keep(ctx, changed)
      }
      if (target) retarget(ctx, target, isUnsafe)
      if (host !== undefined || method !== undefined) ctx.retarget({ ...(host !== undefined && { host }), ...(method !== undefined && { method }) })
    }
    if (!rewritten.needsBody && !headers?.needsBody) return { rewrite }
    return { rewrite: (ctx) => ctx.request.body.whenRead(() => rewrite(ctx)) }
  },
})

/** The client's query follows that of the new path. */
function retarget(ctx: Exchange, { path, query: own }: Written, isUnsafe: Config['use_real_request_uri_unsafe']): void {
  const uri = normalizePath(path)
  if (!path.startsWith('/') || (!isUnsafe && (uri === undefined || climbs(path)))) {
    throw new HttpError(400, 'malformed_path', 'the path of the request cannot be rewritten: what came of it is malformed')
  }
  const { query: sent } = ctx.request
  ctx.retarget({ path, uri: uri ?? path, query: own && sent ? `${own}&${sent}` : own || sent })
}

/** Whether it has dot segments, which would lead out of the place that the configuration names; also for a server that takes `%2F` and backslashes for slashes. */
function climbs(path: string): boolean {
  return /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:$|[/\\;]|%2f|%5c)/i.test(path)
}

/** A client's `Connection` may not take away again what the configuration gives. */
function keep({ request: { headers } }: Exchange, names: ReadonlySet<string>): void {
  const { connection } = headers
  if (connection === undefined || names.size === 0) return
  const options = String(connection).split(',').map((option) => option.trim())
  if (options.some((option) => names.has(option.toLowerCase()))) {
    headers['connection'] = options.filter((option) => !names.has(option.toLowerCase())).join(', ')
  }
}
