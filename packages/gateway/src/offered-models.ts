import { modelsReply, offeredModelsSlot, type OfferedModels } from '@sluice/ai-core'
import { routeNotFound, type CompiledRoute, type Snapshot } from '@sluice/config'
import { asHttpError, Exchange, headerMap, headerOf, presentFor, TimeSlice, type Answer, type HttpError, type Offer } from '@sluice/kernel'
import { isFor } from '@sluice/router'

const offers = new WeakMap<CompiledRoute, Offer>()
const none: Offer = { by: '', models: [] }

/**
 * The models that a route offers, by the names that clients ask for: those that its `vars` want the request to name, else
 * that of its answerer. Routes are asked with POST.
 */
export function offerOf(route: CompiledRoute): Offer {
  let offer = offers.get(route)
  if (!offer) offers.set(route, (offer = readOffer(route)))
  return offer
}

function readOffer({ plugins, methods, missing, vars }: CompiledRoute): Offer {
  const answerer = plugins.find(({ plugin, meta }) => plugin.offers && !meta.disable)
  const own = answerer?.plugin.offers?.(answerer.config)
  if (!own || missing !== undefined || (methods.length > 0 && !methods.includes('POST'))) return none
  const wanted = (vars?.equalities ?? []).filter(({ name }) => name === 'post_arg.model')
  const [first] = wanted
  if (!first) return own
  const named = first.values.filter((value) => typeof value === 'string')
  return { by: own.by, models: named.filter((name) => wanted.every(({ values }) => values.includes(name))) }
}

/** What the routes on the host of a request offer to whoever sent it: those that would let it in, with what it shows of itself. */
export async function offeredTo(ctx: Exchange, snapshot: Snapshot): Promise<OfferedModels> {
  const { headers, remoteAddress: address } = ctx.request
  const request = { host: headerOf(headers, 'host') ?? '', address }
  const models = new Map<string, string>()
  let refusal: HttpError | undefined
  const slice = new TimeSlice()
  for (const route of snapshot.routes) {
    if (slice.isOver) await slice.rest()
    const { by, models: names } = offerOf(route)
    if (names.every((name) => models.has(name)) || !isFor(route, request) || route.vars?.testWithoutBody(ctx) === false) continue
    const refused = await refusalOf(route, ctx, snapshot)
    if (refused) refusal ??= refused
    else for (const name of names) if (!models.has(name)) models.set(name, by)
  }
  return { models, refusal }
}

/** What those who judge callers on that route have against this one. */
async function refusalOf({ chain, info }: CompiledRoute, ctx: Exchange, snapshot: Snapshot): Promise<HttpError | undefined> {
  const { id, request, clock } = ctx
  const caller = new Exchange({ id, request: { ...request, method: 'POST', headers: headerMap(Object.entries(request.headers)) }, log: ctx.log, clock })
  caller.route = info
  presentFor(caller, ctx)
  snapshot.openDirectory(caller)
  try {
    await chain.admit(caller)
    return undefined
  } catch (error) {
    return asHttpError(error)
  } finally {
    caller.closeDirectory()
  }
}

/** Answers for what no route matches: the list of models where that was asked for, else a 404. */
export const modelsOrNotFound: Answer = async (ctx) => {
  const offered = ctx.get(offeredModelsSlot)
  if (!offered) return routeNotFound(ctx)
  if (offered.models.size > 0) return modelsReply(ctx, offered)
  if (offered.refusal) throw offered.refusal
  return routeNotFound(ctx)
}
