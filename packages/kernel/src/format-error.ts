import type { FormatError } from './chain.ts'
import { HttpError } from './errors.ts'
import { json } from './reply.ts'

/** The shape for clients whose dialect nobody knows: `{"error_msg", "message"}`, or what the error brings along. */
export const formatError: FormatError = (error) => {
  if (!(error instanceof HttpError)) return json(500, { error_msg: 'internal error', message: 'internal error' })
  return json(error.status, error.body ?? { error_msg: error.message, message: error.message }, error.headers)
}
