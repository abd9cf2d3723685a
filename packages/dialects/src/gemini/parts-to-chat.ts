import { isRecord } from '../is-record.ts'
import type { UserPart } from '../pivot/chat-request.ts'
import { malformed } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import { refusal } from '../translate/rule.ts'
import { isGooglesFile } from './media.ts'
import { member } from './member.ts'
import { googlesFileRule, unknownPartRule, videoRule } from './rules.ts'

const formats: Readonly<Record<string, string>> = { mpeg: 'mp3', 'x-wav': 'wav', wave: 'wav' }

/** Reads a part of what a user says; nothing for an empty text. */
export function partToChat(part: Json, at: string): UserPart[] {
  const { text } = part
  if (typeof text === 'string') return text === '' ? [] : [{ type: 'text', text }]
  const inline = member(part, 'inlineData')
  if (isRecord(inline)) return [inlineToChat(inline, `${at}.inlineData`)]
  const file = member(part, 'fileData')
  if (isRecord(file)) return [fileToChat(file, `${at}.fileData`)]
  throw refusal(unknownPartRule, at)
}

function inlineToChat(inline: Json, at: string): UserPart {
  const media = textIn(member(inline, 'mimeType'))?.toLowerCase()
  const data = textIn(inline['data'])
  if (media === undefined || data === undefined) throw malformed('inlineData has no mimeType or no data', at)
  const [kind, format = ''] = media.split(';')[0]?.split('/') ?? []
  // Gemini takes base64 for URLs too, others do not.
  const base64 = data.replaceAll('-', '+').replaceAll('_', '/')
  const url = `data:${media};base64,${base64}`
  if (kind === 'image') return { type: 'image_url', image_url: { url } }
  if (kind === 'audio') return { type: 'input_audio', input_audio: { data: base64, format: Object.hasOwn(formats, format) ? String(formats[format]) : format } }
  if (kind === 'video') throw refusal(videoRule, at)
  const filename = textIn(member(inline, 'displayName'))
  return { type: 'file', file: { file_data: url, ...(filename !== undefined && { filename }) } }
}

function fileToChat(file: Json, at: string): UserPart {
  const uri = textIn(member(file, 'fileUri'))
  const media = textIn(member(file, 'mimeType'))?.toLowerCase() ?? ''
  if (uri === undefined) throw malformed('fileData has no fileUri', at)
  if (isGooglesFile(uri)) throw refusal(googlesFileRule, at)
  if (media.startsWith('image/')) return { type: 'image_url', image_url: { url: uri } }
  if (media.startsWith('video/') || media.startsWith('audio/')) throw refusal(videoRule, at)
  return { type: 'file', file: { file_url: uri } }
}
