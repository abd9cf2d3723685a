import { Translation } from '@sluice/dialects'
import { Document } from '@sluice/json-edit'
import type { Dialect } from '@sluice/provider'
import { exactValue } from './exact-value.ts'
import type { Config } from './config.ts'
import type { Instance, Way } from './instance.ts'
import type { Shape } from './shape-body.ts'
import { orRefused, world } from './translating.ts'

/** The client's request in the provider's dialect, and the translation that knows what the answer needs. */
export function translateRequest(
  asked: Document,
  client: Dialect,
  { dialect }: Way,
  { provider, config }: Instance,
  { model, stream }: Shape,
): { translation: Translation; document: Document } {
  const { extensions, tokenLimit } = provider.speaks[dialect] ?? {}
  const maxTokens = routesLimit(config)
  const translation = new Translation(client, dialect, {
    ...world,
    ...(maxTokens !== undefined && { maxTokens }),
    ...(extensions && { extensions }),
    ...(tokenLimit && { tokenLimit: tokenLimit.member }),
  })
  // What the model takes depends on the one that will be asked.
  const body = { ...givenTo(exactValue(asked) as Record<string, unknown>, client, config), ...(model !== undefined && { model }), stream }
  return orRefused(() => ({ translation, document: Document.parse(Buffer.from(JSON.stringify(translation.request(body)))) }))
}

/** What the route sets of embeddings, which have other names elsewhere, is set before they are translated. */
function givenTo(asked: Readonly<Record<string, unknown>>, client: Dialect, { options, options_mode: mode }: Config): Record<string, unknown> {
  if (client !== 'openai-embeddings') return asked
  return mode === 'override' ? { ...asked, ...options } : { ...options, ...asked }
}

/** The limit of tokens that the route sets over the client's, whichever name it has there. */
function routesLimit({ options, options_mode: mode, override }: Config): number | undefined {
  const all: Readonly<Record<string, unknown>> = mode === 'override' ? options : {}
  const limit = override.llm_options?.max_tokens ?? all['max_completion_tokens'] ?? all['max_tokens'] ?? all['max_output_tokens']
  return typeof limit === 'number' && Number.isInteger(limit) && limit > 0 ? limit : undefined
}
