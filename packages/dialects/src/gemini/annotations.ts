import { isRecord } from '../is-record.ts'
import type { Annotation } from '../pivot/chat-answer.ts'
import { countIn, textIn, type Json } from '../translate/json.ts'
import { member } from './member.ts'

/** The pages that a candidate rests on, and where in its text: https://ai.google.dev/gemini-api/docs/google-search */
export function annotationsOf(grounding: unknown, text: string): Annotation[] {
  if (!isRecord(grounding)) return []
  const pages = list(member(grounding, 'groundingChunks')).map(pageOf)
  const bytes = Buffer.from(text)
  const place = (at: unknown): number => bytes.subarray(0, countIn(at)).toString().length
  return list(member(grounding, 'groundingSupports')).flatMap((support) => {
    const { segment } = support
    if (!isRecord(segment)) return []
    // Gemini counts bytes, OpenAI characters.
    const start_index = place(member(segment, 'startIndex'))
    const end_index = place(member(segment, 'endIndex'))
    const indices: unknown = member(support, 'groundingChunkIndices')
    const cited = Array.isArray(indices) ? indices.map((index: unknown) => pages[countIn(index)]) : []
    return cited.flatMap((page): Annotation[] => (page ? [{ type: 'url_citation', url_citation: { ...page, start_index, end_index } }] : []))
  })
}

function pageOf({ web }: Json): { url: string; title: string } | undefined {
  const url = isRecord(web) ? textIn(web['uri']) : undefined
  return url === undefined || !isRecord(web) ? undefined : { url, title: textIn(web['title']) ?? url }
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}
