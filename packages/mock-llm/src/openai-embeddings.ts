import { jsonAnswer, type Answer } from './answer.ts'
import { ApiError } from './api-error.ts'
import type { Asked } from './asked.ts'
import { integerIn, modelOf, stringIn } from './check-body.ts'
import { toNumbers, toVector, wordsOf, type Word } from './vector.ts'
import { countWords } from './words.ts'

/** https://platform.openai.com/docs/api-reference/embeddings/create */
const maxInputs = 2_048

/** Bounds the memory that one answer takes: some 80 MB as JSON. */
const maxNumbers = 4_000_000

/** Bounds the time that one answer takes: some 0.2 s. */
const maxSteps = 20_000_000

/** Answers https://platform.openai.com/docs/api-reference/embeddings/create. */
export function openaiEmbeddings({ body, path, wishes }: Asked): Answer {
  const model = modelOf(body, path)
  const inputs = inputsOf(body['input'])
  const usual = model.includes('large') ? 3_072 : 1_536
  const dimensions = integerIn(body, 'dimensions', { min: 1, max: 8_192 }) ?? usual
  if (inputs.length * dimensions > maxNumbers) {
    throw new ApiError(400, `Invalid 'input': mock-llm makes ${maxNumbers} numbers at most.`, {
      param: 'input',
    })
  }
  const base64 = (stringIn(body, 'encoding_format') ?? 'float') === 'base64'
  const tokens = inputs.reduce((sum, input) => sum + input.tokens, 0)
  const maxWords = Math.max(1, Math.floor(maxSteps / (inputs.length * dimensions)))
  return jsonAnswer({
    object: 'list',
    data: inputs.map(({ words }, index) => {
      const vector = toVector(words.slice(0, maxWords), dimensions)
      return { object: 'embedding', index, embedding: base64 ? toBase64(vector) : toNumbers(vector) }
    }),
    model,
    ...(!wishes.noUsage && { usage: { prompt_tokens: tokens, total_tokens: tokens } }),
  })
}

interface Input {
  readonly words: readonly Word[]
  readonly tokens: number
}

/** A text, tokens, or a list of either. */
function inputsOf(input: unknown): readonly Input[] {
  const list = typeof input === 'string' || isTokens(input) ? [input] : input
  if (!Array.isArray(list) || list.length === 0 || !list.every((one) => isText(one) || isTokens(one))) {
    const expected = 'a text that is not empty, an array of such texts, or arrays of tokens'
    throw new ApiError(400, `Invalid 'input': expected ${expected}.`, { param: 'input' })
  }
  if (list.length > maxInputs) {
    throw new ApiError(400, `Invalid 'input': expected at most ${maxInputs} items.`, { param: 'input' })
  }
  return list.map((one: string | number[]) =>
    typeof one === 'string'
      ? { words: wordsOf(one), tokens: countWords(one) }
      : { words: one, tokens: one.length },
  )
}

function isText(input: unknown): input is string {
  return typeof input === 'string' && input !== ''
}

function isTokens(input: unknown): input is number[] {
  return (
    Array.isArray(input) &&
    input.length > 0 &&
    input.every((token) => Number.isSafeInteger(token) && token >= 0)
  )
}

/** Little-endian float32, as OpenAI's SDKs ask for by default. */
function toBase64(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4)
  vector.forEach((value, i) => bytes.writeFloatLE(value, i * 4))
  return bytes.toString('base64')
}
