import { isRecord } from '../is-record.ts'
import type { FilePart, RefusalPart, TextPart, UserPart } from '../pivot/chat-request.ts'
import { cacheControlOf } from '../translate/cache-control.ts'
import { malformed } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'

/** Content is a text or a list of parts. */
export function contentOf<P>(content: unknown, at: string, part: (part: Json, at: string) => P): string | P[] {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) throw malformed('content is neither a text nor a list of parts', `${at}.content`)
  return content.map((one: unknown, index) => {
    const place = `${at}.content[${index}]`
    if (!isRecord(one)) throw malformed('a part of a message is not an object', place)
    return part(one, place)
  })
}

/** Reads a part where only text can stand. */
export function textPart(part: Json, at: string): TextPart {
  if (part['type'] !== 'text' || typeof part['text'] !== 'string') throw malformed('only text can stand here', at)
  return { type: 'text', text: part['text'], ...cacheControlOf(part) }
}

/** Reads a part of what the assistant said. */
export function answerPart(part: Json, at: string): TextPart | RefusalPart {
  if (part['type'] !== 'refusal' || typeof part['refusal'] !== 'string') return textPart(part, at)
  return { type: 'refusal', refusal: part['refusal'] }
}

/** Reads a part of what a user says. */
export function userPart(part: Json, at: string): UserPart {
  const mark = cacheControlOf(part)
  switch (part['type']) {
    case 'image_url': {
      const { image_url: image } = part
      const url = isRecord(image) ? textIn(image['url']) : textIn(image)
      if (url === undefined) throw malformed('the part has no image_url.url', `${at}.image_url`)
      const detail = isRecord(image) ? textIn(image['detail']) : undefined
      return { type: 'image_url', image_url: { url, ...(detail !== undefined && { detail }) }, ...mark }
    }
    case 'input_audio': {
      const audio = part['input_audio']
      const data = isRecord(audio) ? textIn(audio['data']) : undefined
      if (!isRecord(audio) || data === undefined) throw malformed('the part has no input_audio.data', `${at}.input_audio`)
      return { type: 'input_audio', input_audio: { data, format: textIn(audio['format']) ?? 'wav' } }
    }
    case 'file':
      return { type: 'file', file: fileOf(part['file'], at), ...mark }
    default:
      return textPart(part, at)
  }
}

function fileOf(given: unknown, at: string): FilePart['file'] {
  if (!isRecord(given)) throw malformed('the part has no file', `${at}.file`)
  const file: FilePart['file'] = {}
  for (const name of ['filename', 'file_data', 'file_id'] as const) {
    const value = textIn(given[name])
    if (value !== undefined) file[name] = value
  }
  return file
}
