import type { Logger } from '@sluice/kernel'
import { ConflictError, InvalidChangeError, ReadonlyError, UnavailableError, UnknownGroupError } from '@sluice/store'
import type { Answer } from './answer.ts'
import { refuse, Refusal } from './refusal.ts'

/** What is answered where something was thrown: never more than was meant to be read. */
export function answerTo(error: unknown, log: Logger): Answer {
  if (error instanceof Refusal) return error.answer
  if (error instanceof UnknownGroupError) return refuse(404, error.message).answer
  if (error instanceof ConflictError) return refuse(409, error.message).answer
  if (error instanceof UnavailableError) return refuse(503, error.message).answer
  if (error instanceof ReadonlyError) return refuse(403, error.message).answer
  if (error instanceof InvalidChangeError) return refuse(400, `invalid configuration: ${error.message}`).answer
  log.error({ err: error }, 'the Admin API failed')
  return refuse(500, 'internal error').answer
}
