import { ExprError } from '@sluice/expr'
import { JsonSyntaxError } from '@sluice/json-edit'
import { invalidJson } from './body.ts'
import { HttpError } from './errors.ts'

/** What to tell a client of anything that was thrown; a 500 that shows nothing of it where it was not the client's fault. */
export function asHttpError(cause: unknown): HttpError {
  return clientFault(cause) ?? new HttpError(500, 'internal_error', 'internal error', { cause })
}

/** The refusal of what was thrown because of the request; undefined for all else. */
export function clientFault(error: unknown): HttpError | undefined {
  if (error instanceof HttpError) return error
  // What is wrong inside a string of the body is found when the string is read.
  if (error instanceof JsonSyntaxError) return invalidJson(error)
  // A request that is made to be slow to judge. Taking a condition for false would let it choose its route.
  if (error instanceof ExprError) return new HttpError(400, 'unreadable_body', error.message, { cause: error })
  return undefined
}
