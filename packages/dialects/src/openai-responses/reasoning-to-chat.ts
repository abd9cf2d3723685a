import { isRecord } from '../is-record.ts'
import { openAiFormat, textOfDetail, type ReasoningDetail } from '../pivot/reasoning.ts'
import { textIn, type Json } from '../translate/json.ts'
import { foreignCipher } from './foreign-cipher.ts'

/** What stands between two parts of a summary where they become one text. */
export const betweenParts = '\n\n'

/** Reads a reasoning item. `first`: how many details there are before it. */
export function reasoningToChat(item: Json, first: number): ReasoningDetail[] {
  const { id: given, encrypted_content: cipher } = item
  const id = textIn(given) ?? null
  const texts = [...textsOf(item['summary'], 'summary_text'), ...textsOf(item['content'], 'reasoning_text')]
  const foreign = typeof cipher === 'string' ? foreignCipher(cipher) : undefined
  if (foreign) {
    const text = texts.map((one) => one.text).join(betweenParts)
    const { format, kind, value } = foreign
    if (kind === 'signature') return [{ type: 'reasoning.text', text, signature: value, format, index: first }]
    return [{ type: 'reasoning.encrypted', data: value, format, index: first }]
  }
  const details = texts.map(({ isSummary, text }, position): ReasoningDetail => {
    const about = { id, format: openAiFormat, index: first + position }
    return isSummary ? { type: 'reasoning.summary', summary: text, ...about } : { type: 'reasoning.text', text, ...about }
  })
  if (textIn(cipher) !== undefined) details.push({ type: 'reasoning.encrypted', data: String(cipher), id, format: openAiFormat, index: first + details.length })
  return details
}

/** The text of all that was thought; '' where there is none. */
export function thoughtOf(details: readonly ReasoningDetail[]): string {
  return details
    .map(textOfDetail)
    .filter((text) => text !== '')
    .join(betweenParts)
}

function textsOf(parts: unknown, type: string): { isSummary: boolean; text: string }[] {
  if (!Array.isArray(parts)) return []
  return parts.filter(isRecord).flatMap((part) => {
    const text = textIn(part['text'])
    return part['type'] === type && text !== undefined ? [{ isSummary: type === 'summary_text', text }] : []
  })
}
