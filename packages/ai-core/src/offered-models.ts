import { dialectOf, type ClientError } from '@sluice/dialects'
import { headerOf, json, slot, type Exchange, type HttpError, type Reply } from '@sluice/kernel'
import { passedOperation } from './operation.ts'

/** The models that the routes on a host offer to one client. */
export interface OfferedModels {
  /** Who answers, by the name that the client asks for. */
  readonly models: ReadonlyMap<string, string>
  /** Why there are none, where there are some for others. */
  readonly refusal: HttpError | undefined
}

/** Filled before the chain runs, where the client asks for models and routes name some. */
export const offeredModelsSlot = slot<OfferedModels>('ai.offeredModels')

/** Whether a request asks which models there are, or for one of them. */
export function asksForModels({ method, uri }: { readonly method: string; readonly uri: string }): boolean {
  return (method === 'GET' || method === 'HEAD') && nameIn(uri) !== undefined
}

/** The list, or the model that the path names, in the shape that the client's path and headers ask for. */
export function modelsReply(ctx: Exchange, { models }: OfferedModels): Reply {
  const shape = shapeFor(ctx)
  const name = nameIn(ctx.request.uri) ?? ''
  if (name === '') return json(200, shape.list([...models].map(([id, by]) => shape.model(id, by)), [...models.keys()]))
  const by = models.get(name)
  if (by !== undefined) return json(200, shape.model(name, by))
  ctx.outcome = 'refused'
  return json(404, shape.error({ status: 404, code: 'model_not_found', message: `The model '${name}' does not exist, or no route here offers it` }, ctx.id))
}

/** The model that a path asks for; '' for all of them. */
function nameIn(uri: string): string | undefined {
  const operation = passedOperation(uri)
  if (operation === '/models') return ''
  return operation?.startsWith('/models/') ? operation.slice('/models/'.length).replaceAll('%2F', '/') : undefined
}

interface Shape {
  model(id: string, by: string): object
  list(models: readonly object[], ids: readonly string[]): object
  error(error: ClientError, requestId: string): object
}

/** Since when they are offered, for those who want to know: since this process began. */
const since = Date.now()

/** https://platform.openai.com/docs/api-reference/models */
const openai: Shape = {
  model: (id, by) => ({ id, object: 'model', created: Math.floor(since / 1000), owned_by: by }),
  list: (data) => ({ object: 'list', data }),
  error: (error, id) => dialectOf('openai-chat')?.errorBody(error, id) ?? {},
}

/** https://docs.anthropic.com/en/api/models-list */
const anthropic: Shape = {
  model: (id) => ({ type: 'model', id, display_name: id, created_at: new Date(since).toISOString() }),
  list: (data, ids) => ({ data, has_more: false, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null }),
  error: (error, id) => dialectOf('anthropic-messages')?.errorBody(error, id) ?? {},
}

/** https://ai.google.dev/api/models */
const gemini: Shape = {
  model: (id) => ({ name: `models/${id}`, displayName: id, supportedGenerationMethods: ['generateContent', 'streamGenerateContent', 'countTokens'] }),
  list: (models) => ({ models }),
  error: (error, id) => dialectOf('gemini')?.errorBody(error, id) ?? {},
}

function shapeFor({ request: { uri, headers } }: Exchange): Shape {
  if (/\/v1beta\/models(?:\/|$)/.test(uri)) return gemini
  return headerOf(headers, 'anthropic-version') === undefined ? openai : anthropic
}
