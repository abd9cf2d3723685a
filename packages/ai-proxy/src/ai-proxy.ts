import {
  accountSlot,
  aiRequestIn,
  aiVariables,
  listEvents,
  modelsReply,
  offeredModelsSlot,
  openAccount,
  passedOperation,
  readAiRequest,
  refuseDuplicates,
  targetSlot,
  wantsList,
  type AiRequest,
} from '@sluice/ai-core'
import { definePlugin, headerOf, HttpError, slot, tooLarge, type Awaitable, type Exchange, type Plugin, type Reply } from '@sluice/kernel'
import type { Provider } from '@sluice/provider'
import { Agents } from '@sluice/upstream'
import { checkConfig } from './check-config.ts'
import { configOf, type Config } from './config.ts'
import { countFor, countTokens } from './count-tokens.ts'
import { inParts } from './in-parts.ts'
import { Instance } from './instance.ts'
import { connectThrough, type OutboundProxy } from './connect-through.ts'
import { logFields, logVariables } from './log-fields.ts'
import { askProvider, passThrough, type Plan } from './send.ts'

export interface AiProxyOptions {
  readonly providers: readonly Provider[]
  /** Proxies for the way out, as the environment names them. */
  readonly proxy?: OutboundProxy
  /** Key file of a service account for `auth.gcp` without one of its own; the environment's `GCP_SERVICE_ACCOUNT`. */
  readonly gcpServiceAccount?: string
}

const plans = slot<Plan>('ai-proxy.plan')

/** Sends an AI request to the provider that the route names, and brings the answer back. */
export function aiProxy({ providers, proxy, gcpServiceAccount }: AiProxyOptions): Plugin {
  const byName = new Map(providers.map((provider) => [provider.name, provider]))
  const agents = new Agents(connectThrough(proxy ?? {}))
  const providerOf = ({ provider }: Config): Provider => byName.get(provider) as Provider

  return definePlugin({
    name: 'ai-proxy',
    priority: 1040,
    sharesInstances: true,
    answers: true,
    schema: configOf([...byName.keys()]),
    offers: ({ provider, options: { model } }) => ({ by: provider, models: model === undefined ? [] : [model] }),
    variables: { ...aiVariables, ...logVariables },
    validate: (config, path) => checkConfig(config, path, providerOf(config), gcpServiceAccount),
    setup(config) {
      const instance = new Instance({ provider: providerOf(config), config, agents, gcpServiceAccount })
      // Whatever else its provider has, such a route does not offer it.
      const hasOneModel = config.options.model !== undefined && config.options_mode === 'override'
      return {
        access: (ctx) => pick(ctx, instance),
        proxy(ctx): Promise<Reply> {
          const plan = ctx.get(plans)
          if (!plan) throw new TypeError('the access phase made no plan')
          if (plan.request.kind === 'spoken') return inParts(ctx, plan) ?? askProvider(ctx, plan)
          const offered = hasOneModel ? ctx.get(offeredModelsSlot) : undefined
          if (offered) return Promise.resolve(modelsReply(ctx, offered))
          return plan.count ? countTokens(ctx, plan, plan.count) : passThrough(ctx, plan, plan.request)
        },
        log: (ctx) => logFields(ctx, config.logging),
        dispose: () => instance.dispose(),
      }
    },
  })
}

/** Checks the request and decides what will be asked of whom; no promise where somebody has read the body before. */
function pick(ctx: Exchange, instance: Instance): Awaitable<void> {
  const isPassed = passedOperation(ctx.request.uri) !== undefined
  if (!isPassed) requireJson(headerOf(ctx.request.headers, 'content-type'))
  if (wantsList(ctx)) ctx.onReply(listEvents)
  const { max_req_body_size: limit } = instance.config
  if (ctx.request.body.isRead) return planFor(ctx, instance, aiRequestIn(ctx, limit))
  return readAiRequest(ctx, limit).then((request) => planFor(ctx, instance, request))
}

function planFor(ctx: Exchange, instance: Instance, request: AiRequest): void {
  const { max_req_body_size: limit } = instance.config
  if (request.kind === 'passed') {
    const declared = ctx.request.body.receivedLength ?? 0
    if (declared > limit) throw tooLarge(declared, limit)
    const { call, operation } = request
    const count = countFor(operation, instance)
    begin(ctx, instance, { instance, request, way: undefined, shape: { model: call && instance.modelFor(call), stream: false }, ...(count && { count }) })
    return
  }
  const way = instance.wayFor(request.dialect)
  refuseDuplicates(ctx.request.body.document, way.shaper.members)
  const call = instance.endpoint.call?.model === undefined ? request.call : { ...request.call, model: instance.endpoint.call.model }
  begin(ctx, instance, { instance, request, way, shape: way.shaper.shapeOf(ctx.request.body.document, call) })
}

function begin(ctx: Exchange, instance: Instance, plan: Plan): void {
  const { request, shape } = plan
  ctx.set(plans, plan)
  ctx.set(targetSlot, instance.target(shape.model, dialectOfRequest(request)))
  const requestedModel = request.kind === 'spoken' ? request.model : request.call?.model
  ctx.set(accountSlot, openAccount({ stream: shape.stream, requestedModel, model: shape.model }))
}

function dialectOfRequest(request: AiRequest) {
  return request.kind === 'spoken' ? request.dialect : undefined
}

/** A missing type is taken for JSON, as clients leave it out. */
function requireJson(type: string | undefined): void {
  if (type === undefined || type === 'application/json') return
  const media = (type.split(';')[0] ?? '').trim().toLowerCase()
  if (media === 'application/json' || media.endsWith('+json')) return
  throw new HttpError(400, 'unsupported_content_type', `unsupported content-type: ${type}, only application/json is supported`)
}
