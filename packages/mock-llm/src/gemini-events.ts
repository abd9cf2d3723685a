import type { Answer, EventText } from './answer.ts'
import { streamAnswer } from './answer.ts'
import type { JsonObject } from './json-object.ts'

/** A response, and how many tokens' time it takes. */
export interface Response {
  readonly value: JsonObject
  readonly tokens: number
}

/** Responses as events, with Google's line ends. */
export function eventStream(responses: readonly Response[]): Answer {
  return streamAnswer(responses.map(({ value, tokens }) => ({ text: `data: ${JSON.stringify(value)}\r\n\r\n`, tokens })))
}

/** Responses as the pieces of one JSON array, for who did not ask for events. */
export function arrayStream(responses: readonly Response[]): Answer {
  const pieces = responses.map(({ value, tokens }, index): EventText => ({ text: `${index === 0 ? '[' : ',\r\n'}${JSON.stringify(value, null, 2)}`, tokens }))
  return { ...streamAnswer([...pieces, { text: '\n]', tokens: 0 }]), type: 'application/json; charset=UTF-8' }
}
