import { TimeSlice } from '@sluice/kernel'

/** What stands around each message, and at the end for the answer to begin: https://github.com/openai/openai-cookbook/blob/main/examples/How_to_count_tokens_with_tiktoken.ipynb */
const perMessage = 4
const perAnswer = 3
/** What stands around the description of each tool. */
const perTool = 8
/** A picture of a megapixel or so; nobody has looked at it. */
const perPicture = 765
/** A page of a document, of which nobody knows how many pages it has. */
const perFile = 1_500

/** Characters that are taken apart at once: the work grows with the square where a text has no spaces. */
const chunkLength = 256
/** Characters that are taken apart at all; of a longer conversation samples of as much, spread over all of it. */
const most = 131_072

/**
 * About how many tokens a chat in OpenAI's dialect costs its provider, counted as OpenAI's newer models count. The tokenizer
 * is loaded when somebody asks for the first time; a long conversation is counted in slices, between which others have their turn.
 */
export async function estimateTokens(chat: Readonly<Record<string, unknown>>): Promise<number> {
  const found: Found = { texts: [], fixed: perAnswer }
  for (const message of recordsIn(chat['messages'])) readMessage(message, found)
  for (const tool of recordsIn(chat['tools'])) readTool(tool, found)
  if (isRecord(chat['response_format'])) found.texts.push(JSON.stringify(chat['response_format']))
  return found.fixed + (await countTokens(found.texts))
}

/** What is to be counted, and what was. */
interface Found {
  readonly texts: string[]
  fixed: number
}

function readMessage({ content, refusal, reasoning_content: thought, tool_calls: calls, name }: Readonly<Record<string, unknown>>, found: Found): void {
  found.fixed += perMessage
  for (const text of [content, refusal, thought, name]) if (typeof text === 'string') found.texts.push(text)
  for (const part of recordsIn(content)) readPart(part, found)
  for (const call of recordsIn(calls)) found.texts.push(JSON.stringify(call['function'] ?? call['custom'] ?? ''))
}

function readPart({ type, text, refusal }: Readonly<Record<string, unknown>>, found: Found): void {
  for (const one of [text, refusal]) if (typeof one === 'string') found.texts.push(one)
  if (type === 'image_url') found.fixed += perPicture
  else if (type === 'file' || type === 'input_audio') found.fixed += perFile
}

function readTool(tool: Readonly<Record<string, unknown>>, found: Found): void {
  found.fixed += perTool
  found.texts.push(JSON.stringify(tool['function'] ?? tool))
}

async function countTokens(texts: readonly string[]): Promise<number> {
  const all = texts.reduce((sum, { length }) => sum + length, 0)
  if (all === 0) return 0
  const { countTokens: count } = await import('gpt-tokenizer/encoding/o200k_base')
  const step = Math.ceil(all / most)
  const slice = new TimeSlice()
  let [taken, tokens, index] = [0, 0, 0]
  for (const chunk of chunksOf(texts)) {
    if (index++ % step !== 0) continue
    tokens += count(chunk, plain)
    taken += chunk.length
    if (slice.isOver) await slice.rest()
  }
  return Math.ceil((tokens * all) / taken)
}

/** What looks like a mark of the tokenizer's own is a text like any other. */
const plain = { disallowedSpecial: new Set<string>() }

/** Cut before a space where there is one not too far back, for tokens begin there. */
function* chunksOf(texts: readonly string[]): Generator<string, void, undefined> {
  for (const text of texts) {
    let start = 0
    while (start < text.length) {
      const chunk = text.slice(start, start + chunkLength)
      const space = start + chunkLength < text.length ? chunk.lastIndexOf(' ') : -1
      yield space > chunkLength / 2 ? chunk.slice(0, space) : chunk
      start += space > chunkLength / 2 ? space : chunk.length
    }
  }
}

function recordsIn(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
