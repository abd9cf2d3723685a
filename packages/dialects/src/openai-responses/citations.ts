import type { Annotation } from '../pivot/chat-answer.ts'
import { countIn, textIn, type Json } from '../translate/json.ts'

/** Citations that OpenAI knows beside those of pages. */
const ofFiles: ReadonlySet<unknown> = new Set(['file_citation', 'container_file_citation', 'file_path'])

/** What a passage rests on. `start` is where the text of its part begins in the whole. */
export function annotationOf(annotation: Json, start: number): Annotation[] {
  const { type, url: address, title } = annotation
  const start_index = start + countIn(annotation['start_index'])
  const end_index = start + countIn(annotation['end_index'])
  const url = textIn(address)
  if (type === 'url_citation' && url !== undefined) return [{ type, url_citation: { url, title: textIn(title) ?? url, start_index, end_index } }]
  return ofFiles.has(type) ? [{ type: 'citation', start_index, end_index, native: annotation }] : []
}

/** A citation as OpenAI's clients read it; nothing for one of another dialect that is no page. */
export function annotationFor(annotation: Annotation, start: number): Json[] {
  if (annotation.type === 'citation') return ofFiles.has(annotation.native['type']) ? [annotation.native] : []
  const { url, title, start_index, end_index } = annotation.url_citation
  return [{ type: 'url_citation', start_index: Math.max(0, start_index - start), end_index: Math.max(0, end_index - start), url, title }]
}
