import { isRecord } from '../is-record.ts'
import type { FilePart, ImagePart, TextPart, UserPart } from '../pivot/chat-request.ts'
import { cacheControlOf } from '../translate/cache-control.ts'
import { malformed, Untranslatable } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'

/** Reads a text block. */
export function textPartOf(block: unknown, at: string): TextPart {
  if (!isRecord(block) || block['type'] !== 'text' || typeof block['text'] !== 'string') throw malformed('only text can stand here', at)
  return { type: 'text', text: block['text'], ...cacheControlOf(block) }
}

/** Reads a block of a user, or in the result of a tool; nothing for an empty picture. */
export function userPartsOf(block: Json, at: string): UserPart[] {
  switch (block['type']) {
    case 'text':
      return [textPartOf(block, at)]
    case 'image':
      return imageOf(block, at)
    case 'document':
      return [documentOf(block, at)]
    case 'search_result':
      return [searchResultOf(block)]
    default:
      throw new Untranslatable('unsupported_content', `a block of type ${textIn(block['type'])?.slice(0, 64) ?? 'nothing'} is not known here`, at)
  }
}

function imageOf(block: Json, at: string): ImagePart[] {
  const source = sourceOf(block, at)
  const marks = cacheControlOf(block)
  if (source['type'] === 'url') return [{ type: 'image_url', image_url: { url: needed(source, 'url', at) }, ...marks }]
  if (source['type'] !== 'base64') throw new Untranslatable('unsupported_content', 'a picture is base64 or a URL', `${at}.source.type`)
  const data = textIn(source['data'])
  if (data === undefined) return []
  const media = textIn(source['media_type']) ?? 'image/png'
  return [{ type: 'image_url', image_url: { url: `data:${media};base64,${data}` }, ...marks }]
}

function documentOf(block: Json, at: string): FilePart {
  const file: FilePart['file'] = { ...fileOf(sourceOf(block, at), at) }
  const title = textIn(block['title'])
  if (title !== undefined) file.filename = title
  const context = textIn(block['context'])
  if (context !== undefined) file.context = context
  if (isRecord(block['citations']) && block['citations']['enabled'] === true) file.citations = true
  return { type: 'file', file, ...cacheControlOf(block) }
}

function fileOf(source: Json, at: string): FilePart['file'] {
  switch (source['type']) {
    case 'base64':
      return { file_data: `data:${textIn(source['media_type']) ?? 'application/pdf'};base64,${needed(source, 'data', at)}` }
    case 'text':
      return { text: needed(source, 'data', at) }
    case 'url':
      return { file_url: needed(source, 'url', at) }
    case 'content':
      return { text: textsOf(source['content']) }
    default:
      throw new Untranslatable('unsupported_document', 'a document is base64, text, content or a URL', `${at}.source.type`)
  }
}

function searchResultOf({ title, source, content }: Json): TextPart {
  const head = [title, source].filter((text) => typeof text === 'string' && text !== '')
  return { type: 'text', text: [...head, textsOf(content)].join('\n') }
}

function textsOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.filter(isRecord).map(({ text }) => (typeof text === 'string' ? text : '')).join('')
}

function sourceOf(block: Json, at: string): Json {
  if (!isRecord(block['source'])) throw malformed('the block has no source', `${at}.source`)
  return block['source']
}

function needed(source: Json, member: string, at: string): string {
  const value = textIn(source[member])
  if (value === undefined) throw malformed(`the source has no ${member}`, `${at}.source.${member}`)
  return value
}
