import { ApiError } from './api-error.ts'
import { calledTools, type Tool, type ToolChoice } from './called-tools.ts'
import { exampleValue } from './example-value.ts'
import { isObject } from './json-object.ts'
import { countWords, toPieces } from './words.ts'

/** A request as every dialect means it. */
export interface Prompt {
  readonly model: string
  readonly system: string
  /** The last message of the user. */
  readonly question: string
  readonly tools: readonly Tool[]
  readonly choice: ToolChoice
  readonly parallel: boolean
  /** Asks for JSON; with a schema, for a value that fits it. */
  readonly json?: { readonly schema?: unknown }
  /** How many answers are asked for; 1 unless given. */
  readonly choices?: number
  /** Tokens at most. */
  readonly limit?: number | undefined
  readonly stop: readonly string[]
  readonly wishes: Wishes
}

/** What a script asks of the contents of an answer. */
export interface Wishes {
  readonly text?: string | undefined
  readonly words?: number | undefined
  readonly noUsage?: boolean | undefined
}

/** What the model says or calls. */
export interface Turn {
  /** The text in the pieces that a stream sends; none where tools are called. */
  readonly pieces: readonly string[]
  readonly calls: readonly ToolCall[]
  readonly end: 'stop' | 'sequence' | 'length' | 'calls'
  /** The stop sequence that was met. */
  readonly sequence?: string
  readonly tokens: number
}

export interface ToolCall {
  readonly name: string
  readonly custom: boolean
  /** Arguments as JSON, or the text for a tool that takes text. */
  readonly input: string
}

/** Answers a prompt, always in the same way. `variant` counts from 0 where several answers are asked for. */
export function takeTurn(prompt: Prompt, variant = 0): Turn {
  const calls = calledTools(prompt).map(toCall)
  checkLength(calls.map(({ input }) => input).join(''), prompt)
  if (calls.length > 0) {
    const tokens = calls.reduce((sum, { input }) => sum + toPieces(input).length + 1, 0)
    return { pieces: [], calls, end: 'calls', tokens }
  }
  const all = whole(prompt, variant)
  checkLength(all, prompt)
  const { text, sequence } = upTo(prompt.stop, all)
  const pieces = toPieces(text)
  const { limit = Infinity } = prompt
  if (pieces.length > limit) return { pieces: pieces.slice(0, limit), calls, end: 'length', tokens: limit }
  const end = sequence === undefined ? 'stop' : 'sequence'
  return { pieces, calls, end, tokens: pieces.length, ...(sequence !== undefined && { sequence }) }
}

function toCall({ name, schema, custom }: Tool): ToolCall {
  const value = custom ? undefined : exampleValue(schema)
  return {
    name,
    custom,
    input: custom ? `an input for ${name}` : JSON.stringify(isObject(value) ? value : {}),
  }
}

/** Each word becomes an event of some 250 bytes, so this is 50 MB. */
const maxText = 1_000_000

/** A schema may hold a constant of any size, and `n` multiplies it. */
function checkLength(text: string, { choices = 1 }: Prompt): void {
  if (text.length * choices <= maxText) return
  throw new ApiError(
    400,
    `mock-llm writes at most ${maxText} characters, and this would be ${text.length * choices}.`,
  )
}

/** Repeated in an answer, a longer text would only be noise, and large requests would get large answers. */
const maxEcho = 600

function whole(prompt: Prompt, variant: number): string {
  const { wishes, json } = prompt
  const text = wishes.text ?? prose(prompt, variant)
  if (wishes.words !== undefined) return repeat(text, wishes.words)
  if (!json || wishes.text !== undefined) return text
  return JSON.stringify('schema' in json ? exampleValue(json.schema) : { answer: text })
}

function prose({ model, system, question, tools }: Prompt, variant: number): string {
  const asked = question === '' ? 'You said nothing.' : `You said: "${cut(question)}"`
  return [
    variant > 0 ? `Answer ${variant + 1}:` : '',
    `This is ${model}, played by mock-llm.`,
    asked,
    system === '' ? '' : `I was told: "${cut(system)}"`,
    tools[0] ? `Say "call ${tools[0].name}", and I call it.` : '',
    'A real model would answer now; these words only show that your request has arrived',
    'and that an answer finds its way back.',
  ]
    .filter(Boolean)
    .join(' ')
}

function cut(text: string): string {
  const start = text.slice(0, maxEcho)
  // A surrogate pair is not to be cut in two.
  return text.length > maxEcho ? `${start.replace(/[\uD800-\uDBFF]$/, '')}...` : text
}

function repeat(text: string, words: number): string {
  const once = text.match(/\S+/g) ?? ['word']
  return Array.from({ length: words }, (_, i) => once[i % once.length]).join(' ')
}

function upTo(stop: readonly string[], text: string): { text: string; sequence?: string } {
  let end = text.length
  let sequence: string | undefined
  for (const one of stop) {
    const at = text.indexOf(one)
    if (at < 0 || at >= end) continue
    end = at
    sequence = one
  }
  return sequence === undefined ? { text } : { text: text.slice(0, end), sequence }
}

/** Tokens of the texts of a prompt. */
export function promptTokens(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + countWords(text), 0)
}
