import type { Annotation } from '../pivot/chat-answer.ts'
import { textIn, type Json } from '../translate/json.ts'

/** What a passage rests on: a page is OpenAI's citation too. */
export function annotationOf(citation: Json, start_index: number, end_index: number): Annotation {
  const url = textIn(citation['url'])
  if (url === undefined) return { type: 'citation', start_index, end_index, native: citation }
  return {
    type: 'url_citation',
    url_citation: { url, title: textIn(citation['title']) ?? url, start_index, end_index },
    native: citation,
  }
}

/** A citation as Anthropic's clients read it; nothing for one of another dialect that is no page. */
export function citationsFor(annotations: readonly Annotation[]): Json[] {
  return annotations.flatMap((one): Json[] => {
    if (one.native && typeof one.native['type'] === 'string' && one.native['type'].endsWith('_location')) return [one.native]
    if (one.type !== 'url_citation') return []
    const { url, title } = one.url_citation
    return [{ type: 'web_search_result_location', url, title, cited_text: '', encrypted_index: '' }]
  })
}
