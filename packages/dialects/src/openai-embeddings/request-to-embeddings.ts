import type { EmbeddingsRequest } from '../embeddings/embeddings.ts'
import type { EmbeddingsContext } from '../embeddings/embeddings-translator.ts'
import { dimensionsOf } from '../embeddings/dimensions-of.ts'
import { malformed } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import { refusal } from '../translate/rule.ts'
import { tokensRule } from './rules.ts'

/** Reads a request for embeddings. */
export function requestToEmbeddings(body: Json, context: EmbeddingsContext): EmbeddingsRequest {
  const { model: given, input, encoding_format: format, dimensions: wanted, stream: _stream, ...others } = body
  context.asBase64 = format === 'base64'
  const model = textIn(given)
  const dimensions = dimensionsOf(wanted, 'dimensions')
  return { inputs: inputsOf(input), others, ...(model !== undefined && { model }), ...(dimensions !== undefined && { dimensions }) }
}

function inputsOf(input: unknown): string[] {
  if (input === undefined || input === null) throw malformed('`input` is required for embeddings', 'input')
  if (typeof input !== 'string' && !Array.isArray(input)) throw malformed('`input` must be string or array', 'input')
  const inputs: unknown[] = Array.isArray(input) ? input : [input]
  if (inputs.length === 0) throw malformed('`input` is required for embeddings', 'input')
  return inputs.map((one, index) => {
    if (typeof one === 'number' || (Array.isArray(one) && one.every((token) => typeof token === 'number'))) throw refusal(tokensRule, 'input')
    if (typeof one !== 'string') throw malformed(`unsupported input type at index ${index}`, 'input')
    if (one === '') throw malformed(`the input at index ${index} is empty`, 'input')
    return one
  })
}
