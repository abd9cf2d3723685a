import { isRecord } from '../is-record.ts'
import type { Annotation } from '../pivot/chat-answer.ts'
import { textIn, type Json } from '../translate/json.ts'

/** What a passage rests on: a page is OpenAI's citation too. */
export function annotationOf(citation: Json, start_index: number, end_index: number): Annotation {
  const { location, title } = citation
  const web = isRecord(location) ? location['web'] : undefined
  const url = isRecord(web) ? textIn(web['url']) : undefined
  if (url === undefined) return { type: 'citation', start_index, end_index, native: citation }
  return { type: 'url_citation', url_citation: { url, title: textIn(title) ?? url, start_index, end_index }, native: citation }
}
