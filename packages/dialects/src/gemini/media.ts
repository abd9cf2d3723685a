import type { AudioPart, FilePart, ImagePart, UserPart } from '../pivot/chat-request.ts'
import { dataUrl } from '../translate/data-url.ts'
import { Untranslatable } from '../translate/errors.ts'
import type { Json } from '../translate/json.ts'

const byEnding: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  heif: 'image/heif',
  pdf: 'application/pdf',
  txt: 'text/plain',
  html: 'text/html',
  csv: 'text/csv',
  md: 'text/md',
}

/** A file by its address, which Gemini wants with a type: that of its ending, else what it most likely is. */
export function fileDataFor(fileUri: string, fallback: string): Json {
  const ending = /\.(\w{1,5})(?:[?#]|$)/.exec(fileUri)?.[1]?.toLowerCase() ?? ''
  return { fileData: { mimeType: Object.hasOwn(byEnding, ending) ? byEnding[ending] : fallback, fileUri } }
}

/** A part with media as Gemini takes it. */
export function mediaFor(part: Exclude<UserPart, { type: 'text' }>, at: string): Json {
  if (part.type === 'image_url') return pictureFor(part, at)
  if (part.type === 'input_audio') return soundFor(part)
  return fileFor(part, at)
}

function pictureFor({ image_url: { url } }: ImagePart, at: string): Json {
  const data = dataUrl(url)
  if (data) return { inlineData: { mimeType: data.media, data: data.base64 } }
  if (/^(?:https?|gs):/i.test(url)) return fileDataFor(url, 'image/jpeg')
  throw new Untranslatable('invalid_image_url', 'a picture is a data: URL in base64, or an http(s) or gs URL', `${at}.image_url.url`)
}

function soundFor({ input_audio: { data, format } }: AudioPart): Json {
  return { inlineData: { mimeType: `audio/${format}`, data } }
}

function fileFor({ file }: FilePart, at: string): Json {
  const { text, filename, file_url: url, file_data: data, file_id: id } = file
  if (text !== undefined) return { text: filename === undefined ? text : `${filename}\n\n${text}` }
  if (url !== undefined) return fileDataFor(url, 'application/pdf')
  const read = dataUrl(data ?? '')
  if (read) return { inlineData: { mimeType: read.media, data: read.base64 } }
  if (id !== undefined && isGooglesFile(id)) return fileDataFor(id, 'application/pdf')
  const what = data === undefined ? 'a file that lies with another provider cannot be read' : 'a file is a data: URL in base64'
  throw new Untranslatable('unsupported_document', what, `${at}.file`)
}

/** An address that Google's servers alone can read. */
export function isGooglesFile(uri: string): boolean {
  return uri.startsWith('gs://') || uri.startsWith('https://generativelanguage.googleapis.com/')
}
