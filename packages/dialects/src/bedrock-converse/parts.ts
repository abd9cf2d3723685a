import { isRecord } from '../is-record.ts'
import type { UserPart } from '../pivot/chat-request.ts'
import { malformed } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import { refusal } from '../translate/rule.ts'
import { documentFor, documentOf, type DocumentNames } from './documents.ts'
import { pictureFor, pictureOf, soundFor, soundOf } from './media.ts'
import { unknownBlockRule, videoRule } from './rules.ts'

/** A part of what a user says as a block; nothing for a blank text, which Bedrock refuses. */
export function partFor(part: UserPart, at: string, names: DocumentNames): Json[] {
  switch (part.type) {
    case 'text':
      return part.text.trim() === '' ? [] : [{ text: part.text }]
    case 'image_url':
      return [pictureFor(part, at)]
    case 'input_audio':
      return [soundFor(part, at)]
    case 'file':
      return [documentFor(part, at, names)]
  }
}

/** Reads a block of a user, or in the result of a tool. */
export function userPartsOf(block: Json, at: string): UserPart[] {
  if (typeof block['text'] === 'string') return [{ type: 'text', text: block['text'] }]
  if (block['image'] !== undefined) return [pictureOf(block['image'], at)]
  if (block['document'] !== undefined) return [documentOf(block['document'], at)]
  if (block['audio'] !== undefined) return [soundOf(block['audio'], at)]
  if (isRecord(block['searchResult'])) return [{ type: 'text', text: searchResultOf(block['searchResult']) }]
  if (block['guardContent'] !== undefined) return [guardedOf(block['guardContent'], at)]
  if (block['video'] !== undefined) throw refusal(videoRule, `${at}.video`)
  throw refusal(unknownBlockRule, at)
}

/** What a guardrail is to look at is said all the same: a text, or a picture. */
export function guardedOf(guarded: unknown, at: string): UserPart {
  const place = `${at}.guardContent`
  if (!isRecord(guarded)) throw malformed('guardContent is not an object', place)
  if (guarded['image'] !== undefined) return pictureOf(guarded['image'], place)
  const text = isRecord(guarded['text']) ? textIn(guarded['text']['text']) : undefined
  if (text === undefined) throw malformed('guardContent has neither text nor image', place)
  return { type: 'text', text }
}

function searchResultOf({ title, source, content }: Json): string {
  const texts = Array.isArray(content) ? content.filter(isRecord).map(({ text }) => (typeof text === 'string' ? text : '')) : []
  return [...[title, source].filter((text) => typeof text === 'string' && text !== ''), texts.join('')].join('\n')
}
