import { isRecord } from '../is-record.ts'
import type { AudioPart, ImagePart } from '../pivot/chat-request.ts'
import { dataUrl } from '../translate/data-url.ts'
import { malformed, Untranslatable } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import { refusal } from '../translate/rule.ts'
import { bucketRule, pictureAddressRule, pictureFormatRule, soundFormatRule } from './rules.ts'

const pictures: ReadonlyMap<string, string> = new Map([
  ['image/png', 'png'],
  ['image/jpeg', 'jpeg'],
  ['image/jpg', 'jpeg'],
  ['image/gif', 'gif'],
  ['image/webp', 'webp'],
])

const sounds: ReadonlySet<string> = new Set(['aac', 'flac', 'm4a', 'mka', 'mkv', 'mp3', 'mp4', 'mpeg', 'mpga', 'ogg', 'opus', 'pcm', 'wav', 'webm', 'x-aac'])

/** A picture as a block: Bedrock fetches none, but from its own buckets. */
export function pictureFor({ image_url: { url } }: ImagePart, at: string): Json {
  const data = dataUrl(url)
  if (data) {
    const format = pictures.get(data.media)
    if (format === undefined) throw refusal(pictureFormatRule, `${at}.image_url.url`)
    return { image: { format, source: { bytes: data.base64 } } }
  }
  if (/^https?:/i.test(url)) throw refusal(pictureAddressRule, `${at}.image_url.url`)
  const ending = /^s3:\/\/.*\.(\w{3,4})$/.exec(url)?.[1]?.toLowerCase()
  const format = ending === undefined ? undefined : pictures.get(`image/${ending}`)
  if (format !== undefined) return { image: { format, source: { s3Location: { uri: url } } } }
  throw new Untranslatable('invalid_image_url', 'a picture is a data: URL in base64', `${at}.image_url.url`)
}

/** A sound as a block. */
export function soundFor({ input_audio: { data, format } }: AudioPart, at: string): Json {
  if (!sounds.has(format)) throw refusal(soundFormatRule, `${at}.input_audio.format`)
  return { audio: { format, source: { bytes: data } } }
}

/** Reads an `image` block. */
export function pictureOf(image: unknown, at: string): ImagePart {
  const { format, bytes } = bytesOf(image, `${at}.image`)
  return { type: 'image_url', image_url: { url: `data:image/${format};base64,${bytes}` } }
}

/** Reads an `audio` block. */
export function soundOf(audio: unknown, at: string): AudioPart {
  const { format, bytes } = bytesOf(audio, `${at}.audio`)
  return { type: 'input_audio', input_audio: { data: bytes, format } }
}

/** The picture that a block of an answer holds; undefined where it holds none. */
export function answeredPicture({ image }: Json): ImagePart | undefined {
  const source = isRecord(image) ? image['source'] : undefined
  const bytes = isRecord(source) ? textIn(source['bytes']) : undefined
  if (bytes === undefined || !isRecord(image)) return undefined
  return { type: 'image_url', image_url: { url: `data:image/${textIn(image['format']) ?? 'png'};base64,${bytes}` } }
}

/** A picture that another provider's model made, as a block; nothing for one in a format that Bedrock's clients do not know. */
export function madePicture({ image_url: { url } }: ImagePart): Json[] {
  const data = dataUrl(url)
  const format = data ? pictures.get(data.media) : undefined
  return data && format !== undefined ? [{ image: { format, source: { bytes: data.base64 } } }] : []
}

function bytesOf(block: unknown, at: string): { format: string; bytes: string } {
  const source = isRecord(block) ? block['source'] : undefined
  if (!isRecord(block) || !isRecord(source)) throw malformed('the block has no source', `${at}.source`)
  if (source['s3Location'] !== undefined) throw refusal(bucketRule, `${at}.source.s3Location`)
  const format = textIn(block['format'])
  const bytes = textIn(source['bytes'])
  if (format === undefined || bytes === undefined) throw malformed('the block has no format, or its source no bytes', at)
  return { format, bytes }
}
