import { dialectOf } from '@sluice/dialects'
import { formatError as plainError, HttpError, json, type Exchange, type FormatError } from '@sluice/kernel'
import type { Dialect } from '@sluice/provider'
import { aiRequestOf } from './ai-request.ts'
import { dialectOfPath } from './operation.ts'
import { targetSlot } from './target.ts'

/** Shapes errors in the dialect of the client, as far as the request or its path tells it; repeats the text as `error_msg`. */
export const formatError: FormatError = (error, ctx) => {
  const dialect = clientDialect(ctx)
  const facts = dialect && dialectOf(dialect)
  if (!facts) return plainError(error, ctx)
  const { status, message, type, code, param, headers, body } =
    error instanceof HttpError ? error : new HttpError(500, 'internal_error', 'internal error')
  // A provider that gave no code leaves it to the dialect, which has one for most statuses.
  const known = code === 'upstream_error' ? undefined : code
  return json(status, { ...facts.errorBody({ status, message, type, code: known, param }, ctx.id), ...body }, headers)
}

/** What the client speaks: what it was found to speak, else what its path says. */
export function clientDialect(ctx: Exchange): Dialect | undefined {
  const request = aiRequestOf(ctx)
  if (request?.kind === 'spoken') return request.dialect
  return dialectOfPath(ctx.request.uri) ?? (ctx.get(targetSlot) ? 'openai-chat' : undefined)
}
