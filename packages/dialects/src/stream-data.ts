import { dataOf } from '@sluice/provider'
import { parseJson } from './parse-json.ts'

const COLON = 0x3a
const LF = 0x0a
const CR = 0x0d

/** The sentinel of OpenAI's streams. */
export const doneEvent: Buffer = Buffer.from('data: [DONE]\n\n')

/** Whether an event's data is `[DONE]`, white space around it aside. */
export function isDone(data: Buffer): boolean {
  // Nearly all data begins with '{', and that settles it.
  if (data[0] === 0x7b || data.length < 6 || data.length > 64) return false
  return data.toString('latin1').trim() === '[DONE]'
}

/** Whether an event that has no data holds a comment. */
export function isComment(event: Buffer): boolean {
  for (let at = 0; at < event.length; at++) {
    const before = event[at - 1]
    if (event[at] === COLON && (at === 0 || before === LF || before === CR)) return true
  }
  return false
}

/** Data that is no JSON, in the shape of an error that says it. */
export function textOfData(data: Buffer): { error: string } {
  return { error: data.toString('utf8', 0, 1024) }
}

/** The data of an event, parsed; undefined where there is none, or no JSON. */
export function jsonOf(event: Buffer): unknown {
  const data = dataOf(event)
  return data === undefined || isDone(data) ? undefined : parseJson(data)
}
