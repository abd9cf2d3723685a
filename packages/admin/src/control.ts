import { Router } from '@koa/router'
import { kinds, schemaOf, writtenSchema, type Kind } from '@sluice/config'
import type { Kernel, Logger } from '@sluice/kernel'
import { emptyState, type GroupState, type Store } from '@sluice/store'
import Koa, { type Context } from 'koa'
import { answerTo } from './answer-error.ts'
import { ok, type Answer } from './answer.ts'
import { apisixView } from './apisix-view.ts'
import { describePlugin, pluginsOf } from './plugin-endpoints.ts'
import { Redaction } from './redaction.ts'
import { refuse } from './refusal.ts'
import { keyOf } from './resource-type.ts'
import { send } from './send.ts'
import { isPlaceholder, shownTo } from './shown.ts'

export interface ControlOptions {
  readonly store: Store
  /** Knows the plugins. */
  readonly kernel: Kernel
  readonly log: Logger
}

/**
 * The control API: what the data plane serves, for tools on the same machine. It takes no key, changes nothing, and shows
 * no secrets. https://apisix.apache.org/docs/apisix/control-api/
 */
export function createControl({ store, kernel, log }: ControlOptions): Koa {
  const reader = { view: apisixView, client: 'other', desk: { redaction: new Redaction(kernel) } } as const
  const served = (): GroupState => store.state(store.served) ?? emptyState

  function all(kind: Kind): object[] {
    const resources = [...served().all(kind).values()].filter((one) => !isPlaceholder(kind, one))
    return resources.map((one) => withKey(shownTo(reader, kind, one)))
  }

  function resourceOf(kind: Kind, id: string): object {
    const resource = served().get(kind, id)
    if (!resource) throw refuse(404, `${kind === 'plugin_metadata' ? kind : kind.slice(0, -1)}[${id}] not found`)
    return withKey(shownTo(reader, kind, resource))
  }

  const router = new Router()
  const on = (path: string, answer: (name: string) => Answer): void => void router.get(path, (ctx) => send(ctx, answer(String(paramsOf(ctx)['name'] ?? ''))))
  on('/v1/schema', () => ok(schemas(kernel)))
  // No upstream is checked for its health yet.
  on('/v1/healthcheck', () => ok([]))
  on('/v1/healthcheck/:type/:name', (name) => {
    throw refuse(404, `no health check is made for ${name}`)
  })
  for (const kind of ['routes', 'services', 'upstreams'] as const) {
    on(`/v1/${kind}`, () => ok(all(kind)))
    on(`/v1/${kind.slice(0, -1)}/:name`, (name) => ok(resourceOf(kind, name)))
  }
  on('/v1/plugin_metadatas', () => ok([...served().all('plugin_metadata').values()].map((metadata) => shownTo(reader, 'plugin_metadata', metadata).value)))
  on('/v1/plugin_metadata/:name', (name) => {
    const metadata = served().get('plugin_metadata', name)
    if (!metadata) throw refuse(404, `plugin metadata[${name}] not found`)
    return ok(shownTo(reader, 'plugin_metadata', metadata).value)
  })
  router.put('/v1/plugins/reload', (ctx) => send(ctx, { status: 200, body: 'done', headers: { 'content-type': 'text/plain' } }))

  const app = new Koa()
  app.on('error', (err: unknown) => log.debug({ err }, 'a client of the control API is gone'))
  app.use(async (ctx, next) => {
    try {
      await next()
      if (ctx.status === 404 && ctx.body === undefined) throw refuse(404, 'there is nothing here')
    } catch (error) {
      send(ctx, answerTo(error, log))
    }
  })
  app.use(router.routes())
  return app
}

function paramsOf(ctx: Context): Readonly<Record<string, unknown>> {
  return (ctx as unknown as { readonly params: Readonly<Record<string, unknown>> }).params
}

function withKey({ kind, id, value, createdIndex, modifiedIndex }: ReturnType<typeof shownTo>): object {
  return { key: keyOf(kind, id), value, createdIndex, modifiedIndex }
}

/** a7 reads priorities here. */
function schemas(kernel: Kernel): object {
  const main = kinds.filter((kind) => kind !== 'plugin_metadata').map((kind) => [kind.slice(0, -1), writtenSchema(schemaOf[kind])] as const)
  return {
    main: Object.fromEntries(main),
    plugins: Object.fromEntries(pluginsOf(kernel).map((plugin) => [plugin.name, describePlugin(plugin)])),
    stream_plugins: {},
  }
}
