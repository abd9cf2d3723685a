import { isRecord } from '../is-record.ts'
import type { FilePart, ImagePart, UserPart } from '../pivot/chat-request.ts'
import { malformed, Untranslatable } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import { refusal } from '../translate/rule.ts'
import { pictureIdRule } from './rules.ts'

/** Reads what a user says, or what a tool found: a text, or a list of parts. */
export function userContentOf(content: unknown, at: string): string | UserPart[] {
  if (typeof content === 'string') return content
  return partsOf(content, at).map(userPartOf)
}

/** The parts of a content that is a list, each with its place. */
export function partsOf(content: unknown, at: string): (readonly [part: Json, at: string])[] {
  if (!Array.isArray(content)) throw malformed('neither a text nor a list of parts', at)
  return content.map((part: unknown, index) => {
    const place = `${at}[${index}]`
    if (!isRecord(part)) throw malformed('a part is not an object', place)
    return [part, place]
  })
}

/** The types that a part of text may have: whose it is does not change what it says. */
export const textTypes: ReadonlySet<unknown> = new Set(['input_text', 'output_text', 'text'])

/** The text of a part that can be nothing else. */
export function textOfPart(part: Json, at: string): string {
  if (!textTypes.has(part['type']) || typeof part['text'] !== 'string') throw malformed('only text can stand here', at)
  return part['text']
}

function userPartOf([part, at]: readonly [Json, string]): UserPart {
  switch (part['type']) {
    case 'input_image':
      return imageOf(part, at)
    case 'input_file':
      return fileOf(part, at)
    case 'input_text':
    case 'output_text':
    case 'text':
      return { type: 'text', text: textOfPart(part, at) }
    default:
      throw new Untranslatable('unsupported_content', `a part of type ${String(part['type']).slice(0, 64)} is not known here`, at)
  }
}

/** `auto` is what happens anyway; `original` is more than chat can ask for. */
function imageOf({ image_url, file_id, detail: wanted }: Json, at: string): ImagePart {
  const url = textIn(image_url)
  if (url === undefined && textIn(file_id) !== undefined) throw refusal(pictureIdRule, `${at}.file_id`)
  if (url === undefined) throw malformed('the picture has no image_url', `${at}.image_url`)
  const detail = wanted === 'original' ? 'high' : textIn(wanted)
  return { type: 'image_url', image_url: { url, ...(detail !== undefined && detail !== 'auto' && { detail }) } }
}

function fileOf(part: Json, at: string): FilePart {
  const file: FilePart['file'] = {}
  for (const name of ['filename', 'file_data', 'file_id', 'file_url'] as const) {
    const value = textIn(part[name])
    if (value !== undefined) file[name] = value
  }
  if (file.file_data === undefined && file.file_id === undefined && file.file_url === undefined) {
    throw malformed('the file has neither file_data, file_id nor file_url', at)
  }
  return { type: 'file', file }
}
