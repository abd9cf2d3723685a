import { randomUUID } from 'node:crypto'
import { Translation, Untranslatable } from '@sluice/dialects'
import { Document } from '@sluice/json-edit'
import { HttpError } from '@sluice/kernel'
import type { Dialect } from '@sluice/provider'
import { exactValue } from './exact-value.ts'
import type { Config } from './config.ts'
import type { Instance, Way } from './instance.ts'
import type { Shape } from './shape-body.ts'

/** Characters that are held of a stream to bring it in order: as much as one event may have. */
const maxHeld = 8 * 1024 * 1024

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
    now: () => Math.floor(Date.now() / 1000),
    newId: () => randomUUID().replaceAll('-', ''),
    maxHeld,
    ...(maxTokens !== undefined && { maxTokens }),
    ...(extensions && { extensions }),
    ...(tokenLimit && { tokenLimit: tokenLimit.member }),
  })
  // What the model takes depends on the one that will be asked.
  const body = { ...(exactValue(asked) as Record<string, unknown>), ...(model !== undefined && { model }), stream }
  try {
    return { translation, document: Document.parse(Buffer.from(JSON.stringify(translation.request(body)))) }
  } catch (error) {
    if (error instanceof RangeError) throw new HttpError(400, 'invalid_request', 'the request is nested too deeply to be translated')
    if (!(error instanceof Untranslatable)) throw error
    throw new HttpError(error.status, error.code, error.message, error.param === undefined ? {} : { param: error.param })
  }
}

/** The limit of tokens that the route sets over the client's, whichever name it has there. */
function routesLimit({ options, options_mode: mode, override }: Config): number | undefined {
  const all: Readonly<Record<string, unknown>> = mode === 'override' ? options : {}
  const limit = override.llm_options?.max_tokens ?? all['max_completion_tokens'] ?? all['max_tokens'] ?? all['max_output_tokens']
  return typeof limit === 'number' && Number.isInteger(limit) && limit > 0 ? limit : undefined
}
