import { Router } from '@koa/router'
import Koa, { type Context } from 'koa'
import { keyring, type Caller } from './admin-key.ts'
import { answerTo } from './answer-error.ts'
import { audit } from './audit.ts'
import { authenticate } from './authenticate.ts'
import type { AdminOptions, Call, Desk } from './call.ts'
import { chooseView, clientOf } from './choose-view.ts'
import { ConfigDigests } from './config-digests.ts'
import { corsHeaders } from './cors.ts'
import type { Endpoint, Method } from './endpoint.ts'
import { endpoints } from './endpoints.ts'
import { idMaker } from './new-id.ts'
import { readBody } from './read-body.ts'
import { Redaction } from './redaction.ts'
import { refuse, Refusal } from './refusal.ts'
import { send } from './send.ts'
import type { View } from './view.ts'

const methods: readonly Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
const mebibyte = 1024 * 1024

/** The Admin API. Throws a `TypeError` where there is no key. Whoever serves it keeps connections for longer than a minute: ADC does. */
export function createAdmin(options: AdminOptions): Koa {
  const { store, kernel, env, version, status, log } = options
  if (options.keys.length === 0 || options.keys.some(({ key }) => key === '')) throw new TypeError('the Admin API needs a key')
  const find = keyring(options.keys)
  const desk: Desk = { store, kernel, env, version, ...(status && { status }), redaction: new Redaction(kernel), digests: new ConfigDigests(), newId: idMaker() }

  const router = new Router()
  for (const [path, offered] of Map.groupBy(endpoints, ({ path: at }) => at)) {
    router.register(path, [...methods], (ctx) => serve(ctx, offered))
  }

  async function serve(ctx: Context, offered: readonly Endpoint[]): Promise<void> {
    const open = offered.find((one) => one.open && one.method === ctx.method)
    const caller = open ? undefined : authenticate(ctx, find)
    const asked = { path: ctx.path, query: new URLSearchParams(ctx.querystring), userAgent: ctx.get('user-agent'), caller: caller ?? nobody }
    const view = chooseView(asked)
    const endpoint = endpointFor(ctx.method, offered, view)
    const { params } = ctx as unknown as { params: Record<string, string> }
    const { rest: _rest, ...named } = params
    const call: Call = {
      desk,
      view,
      client: clientOf(asked),
      group: groupOf(asked.query, store),
      params: named,
      rest: restOf(ctx, endpoint),
      query: asked.query,
      header: (name) => ctx.get(name),
      body: () => readBody(ctx.req, endpoint.takesConfig ? (options.maxConfigBytes ?? 64 * mebibyte) : (options.maxBodyBytes ?? 1.5 * mebibyte)),
    }
    if (endpoint.writes && caller) await write(ctx, call, endpoint, caller)
    else send(ctx, await endpoint.handler(call))
  }

  async function write(ctx: Context, call: Call, { handler }: Endpoint, caller: Caller): Promise<void> {
    const told = { caller, address: ctx.req.socket.remoteAddress ?? '', method: ctx.method, path: ctx.path, group: call.group }
    try {
      const answer = await handler(call)
      audit(log, told, answer.status, answer.done)
      // In API7's dialect a body does not tell whether something is new.
      if (answer.done) ctx.set('x-sluice-action', answer.done.action)
      send(ctx, answer)
    } catch (error) {
      const answer = answerTo(error, log)
      audit(log, told, answer.status, undefined)
      send(ctx, answer)
    }
  }

  const app = new Koa()
  app.on('error', (err: unknown) => log.debug({ err }, 'a client of the Admin API is gone'))
  app.use(async (ctx, next) => {
    ctx.set({ ...corsHeaders, server: `Sluice/${version}`, 'x-api-version': 'v3' })
    if (ctx.method === 'OPTIONS') return send(ctx, { status: 200 })
    try {
      await next()
      if (!ctx.headerSent && ctx.body === undefined && ctx.status === 404) unknownPath(ctx, find)
    } catch (error) {
      const answer = answerTo(error, log)
      if (answer.status === 401) log.warn({ address: ctx.req.socket.remoteAddress, method: ctx.method, path: ctx.path }, 'the Admin API was asked without a key that may do this')
      send(ctx, answer)
    }
  })
  app.use(router.routes())
  return app
}

/** Who asks where no key is needed. */
const nobody: Caller = { name: '', role: 'viewer', mark: '', isApi7Token: false }

function endpointFor(method: string, offered: readonly Endpoint[], view: View): Endpoint {
  const here = offered.filter((one) => one.view === undefined || one.view === view.name)
  const found = here.find((one) => one.method === method) ?? (method === 'HEAD' ? here.find((one) => one.method === 'GET') : undefined)
  if (found) return found
  const allow = ['OPTIONS', ...here.map((one) => one.method)].join(', ')
  throw new Refusal(405, { error_msg: `not supported \`${method}\` method for ${offered[0]?.noun ?? 'this path'}` }, { allow })
}

function groupOf(query: URLSearchParams, store: Desk['store']): string {
  const asked = query.get('gateway_group_id') || 'default'
  const group = store.group(asked)
  if (!group) throw refuse(404, `gateway group ${JSON.stringify(asked)} does not exist`)
  return group.id
}

/** What is behind the names of a path: a part may hold a slash of its own. */
function restOf(ctx: Context, { path }: Endpoint): readonly string[] {
  if (!path.endsWith('/*rest')) return []
  const parts = ctx.path.replace(/\/$/, '').split('/')
  return parts.slice(path.split('/').length - 1).map((part) => {
    try {
      return decodeURIComponent(part)
    } catch {
      throw refuse(400, `invalid sub-path: ${JSON.stringify(part)} is not encoded well`)
    }
  })
}

function unknownPath(ctx: Context, find: ReturnType<typeof keyring>): never {
  authenticate(ctx, find)
  if (!methods.includes(ctx.method as Method)) throw refuse(405, `not supported \`${ctx.method}\` method`)
  const [, type] = /^\/apisix\/admin\/([^/]*)/.exec(ctx.path) ?? []
  const isKnown = type === undefined || endpoints.some(({ path }) => path.split('/')[3] === type)
  throw refuse(404, isKnown ? 'there is nothing here' : `Unsupported resource type: ${type}`)
}
