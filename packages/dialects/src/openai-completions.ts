import type { DialectFacts } from './dialect-facts.ts'
import { isRecord } from './is-record.ts'
import { openAiChat } from './openai-chat.ts'
import { parseJson } from './parse-json.ts'
import { jsonOf } from './stream-data.ts'

/** Text completions, which differ from chat in where the text stands: https://platform.openai.com/docs/api-reference/completions */
export const openAiCompletions: DialectFacts = {
  ...openAiChat,
  name: 'openai-completions',
  suffix: '/completions',
  textOf: (body) => textsOf(parseJson(body)).join(' '),
  textOfEvent: (event) => textsOf(jsonOf(event)).join(''),
}

/** The texts of all choices that have one. */
function textsOf(json: unknown): string[] {
  if (!isRecord(json) || !Array.isArray(json['choices'])) return []
  return json['choices'].filter(isRecord).flatMap(({ text }) => (typeof text === 'string' && text !== '' ? [text] : []))
}
