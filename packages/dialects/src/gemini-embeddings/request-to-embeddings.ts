import { dimensionsOf } from '../embeddings/dimensions-of.ts'
import type { EmbeddingsRequest } from '../embeddings/embeddings.ts'
import type { EmbeddingsContext } from '../embeddings/embeddings-translator.ts'
import { member } from '../gemini/member.ts'
import { isRecord } from '../is-record.ts'
import { malformed } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import { refusal } from '../translate/rule.ts'
import { mediaRule, unlikeRule } from './rules.ts'

/** Reads a request of `embedContent` or `batchEmbedContents`. `model`, which stands in its path, is expected beside the others. */
export function requestToEmbeddings(body: Json, context: EmbeddingsContext): EmbeddingsRequest {
  const { requests } = body
  context.isSingle = !Array.isArray(requests)
  const all: unknown[] = Array.isArray(requests) ? requests : [body]
  if (all.length === 0) throw malformed('requests is not specified', 'requests')
  const read = all.map((one, index) => oneOf(one, context.isSingle ? '' : `requests[${index}].`))
  const [first] = read
  if (read.some(({ dimensions }) => dimensions !== first?.dimensions)) throw refusal(unlikeRule, 'requests')
  const model = textIn(body['model'])?.replace(/^models\//, '')
  return {
    inputs: read.map(({ input }) => input),
    ...(model !== undefined && { model }),
    ...(first?.dimensions !== undefined && { dimensions: first.dimensions }),
  }
}

function oneOf(request: unknown, at: string): { input: string; dimensions: number | undefined } {
  const content = isRecord(request) ? request['content'] : undefined
  if (!isRecord(request) || !isRecord(content)) throw malformed('content is not specified', `${at}content`)
  const parts: unknown[] = Array.isArray(content['parts']) ? content['parts'] : []
  const input = parts.map((part, index) => textOf(part, `${at}content.parts[${index}]`)).join('')
  if (input === '') throw malformed('the text content is empty', `${at}content.parts`)
  return { input, dimensions: dimensionsOf(member(request, 'outputDimensionality'), `${at}outputDimensionality`) }
}

function textOf(part: unknown, at: string): string {
  if (!isRecord(part)) throw malformed('a part is not an object', at)
  if (typeof part['text'] !== 'string') throw refusal(mediaRule, at)
  return part['text']
}
