import { createHash } from 'node:crypto'

/** Gemini leaves out the ids of calls. The same call of the same answer gets the same one, however often it is read. */
export function madeCallId(answerId: string, candidate: number, call: number): string {
  return `call_${createHash('sha256').update(`${answerId}/${candidate}/${call}`).digest('hex').slice(0, 24)}`
}
