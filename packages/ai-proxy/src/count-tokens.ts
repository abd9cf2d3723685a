import { accountSlot, estimateTokens, textMember, type Account } from '@sluice/ai-core'
import { countingOf, Translation } from '@sluice/dialects'
import { Document } from '@sluice/json-edit'
import { headerMap, hidePresented, json, type Exchange, type Reply } from '@sluice/kernel'
import type { Dialect } from '@sluice/provider'
import { wholeBody } from '@sluice/upstream'
import type { Destination } from './endpoint.ts'
import { exactValue } from './exact-value.ts'
import type { Instance } from './instance.ts'
import { attempt, unresolvedPath, withToken, type Plan } from './send.ts'
import { orRefused, world } from './translating.ts'

/** How the tokens of a request are counted. */
export interface Count {
  readonly client: Dialect
  /** What is spoken with the provider that counts; absent where it cannot, and the gateway estimates. */
  readonly dialect: Dialect | undefined
}

const anthropics = '/messages/count_tokens'
const geminis = ':countTokens'
/** Ends of the paths in which the model stands. */
const ends: Readonly<Partial<Record<Dialect, string>>> = { gemini: geminis, 'bedrock-converse': '/count-tokens' }

/**
 * How an operation that is passed through is answered where it asks for a count; undefined where it is none, or where the
 * provider can be asked as the client asks. It counts where the requests themselves go to it in a dialect that can.
 */
export function countFor(operation: string, instance: Instance): Count | undefined {
  const client = clientOf(operation)
  if (!client) return undefined
  const { dialect } = instance.wayFor(client)
  if (!instance.provider.speaks[dialect]?.counts) return { client, dialect: undefined }
  const isAsIs = dialect === client && (client === 'gemini' || instance.config.options.model === undefined)
  return isAsIs ? undefined : { client, dialect }
}

function clientOf(operation: string): 'anthropic-messages' | 'gemini' | undefined {
  if (operation === anthropics) return 'anthropic-messages'
  return operation.endsWith(geminis) ? 'gemini' : undefined
}

/** Answers how many tokens a request has: as the provider counts them, else by an estimate that says it is one. */
export async function countTokens(ctx: Exchange, plan: Plan, count: Count): Promise<Reply> {
  const { instance, request } = plan
  const { client, dialect } = count
  const { body } = ctx.request
  await body.read(instance.config.max_req_body_size)
  const asked = body.document.fork()
  const named = modelFor(instance, request.call?.model ?? textMember(asked, 'model'))
  const model = countedModel(instance, dialect, named)
  if (dialect === undefined || (model === undefined && named !== undefined)) return estimated(client, asked, named)
  hidePresented(ctx) // the query travels along
  const destination = destinationOf(instance, dialect, model, dialect === client ? ctx.request.query : '')
  if (!destination) throw unresolvedPath()
  const translation = dialect === client ? undefined : translationFor(count, dialect, instance)
  const document = translation ? translatedBy(translation, asked, model) : withModel(asked, model)
  const way = { ...instance.wayFor(dialect), translates: translation !== undefined }
  const pieces = document.views()
  return withToken(instance, ctx, (token) =>
    attempt(ctx, { ...plan, way }, ctx.get(accountSlot) as Account, false, token, translation, {
      method: 'POST',
      destination,
      contentType: 'application/json',
      body: wholeBody(pieces),
      pieces,
    }),
  )
}

function countedModel({ provider: { speaks } }: Instance, dialect: Dialect | undefined, model: string | undefined): string | undefined {
  const countsAs = dialect && speaks[dialect]?.countsAs
  return model !== undefined && countsAs ? countsAs(model) : model
}

/** About as many as OpenAI would count of the request as a chat. */
async function estimated(client: Dialect, asked: Document, model: string | undefined): Promise<Reply> {
  const counting = countingOf(client)
  if (!counting) throw new TypeError(`${client} has no operation that counts`)
  const chat = orRefused(() => {
    const request = counting.requestIn(exactValue(asked) as Record<string, unknown>)
    return new Translation(client, 'openai-chat', world).request({ ...request, model: model ?? '' })
  })
  return json(200, counting.answer(await estimateTokens(chat)), headerMap([['x-sluice-estimate', 'true']]))
}

function translationFor({ client }: Count, dialect: Dialect, { provider }: Instance): Translation {
  const { counts } = provider.speaks[dialect] ?? {}
  return new Translation(client, dialect, { ...world, ...(counts && { counts }) })
}

function translatedBy(translation: Translation, asked: Document, model: string | undefined): Document {
  const body = { ...(exactValue(asked) as Record<string, unknown>), ...(model !== undefined && { model }) }
  return orRefused(() => Document.parse(Buffer.from(JSON.stringify(translation.request(body)))))
}

function withModel(document: Document, model: string | undefined): Document {
  if (model !== undefined) document.set('model', model)
  return document
}

function modelFor({ config: { options, options_mode: mode } }: Instance, asked: string | undefined): string | undefined {
  return mode === 'override' ? (options.model ?? asked) : (asked ?? options.model)
}

function destinationOf({ endpoint, config }: Instance, dialect: Dialect, model: string | undefined, query: string): Destination | undefined {
  if (dialect === 'anthropic-messages') return endpoint.forOperation(anthropics, query)
  return endpoint.forDialect(dialect, { conf: config.provider_conf, stream: false, ...(model !== undefined && { model }) }, ends[dialect])
}
