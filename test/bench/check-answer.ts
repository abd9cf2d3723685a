import type { Answer } from './answer-reader.ts'
import { chatAnswer, chatEvents, chatText, embeddingCount, embeddingsAnswer } from './answers.ts'

/** Says what is wrong with an answer; undefined: nothing. */
export type AnswerCheck = (answer: Answer) => string | undefined

// The same bytes are right and cheap to see; a gateway that prints the same content otherwise is looked at closely.

export const isChat: AnswerCheck = (answer) =>
  headProblem(answer, 'application/json') ?? (holds(answer.body, chatAnswer) ? undefined : chatProblem(answer))

export const isEmbeddings: AnswerCheck = (answer) =>
  headProblem(answer, 'application/json') ?? (holds(answer.body, embeddingsAnswer) ? undefined : embeddingsProblem(answer))

/** A stream of `pieces` pieces of text that came bit by bit and ended with `[DONE]`. */
export function isStreamOf(pieces: number): AnswerCheck {
  const plain = Buffer.concat(chatEvents(pieces, false))
  const counted = chatEvents(pieces, true)
  const withoutUsage = Buffer.concat(counted.toSpliced(-2, 1))
  const wanted = contentOf(plain.toString())
  return (answer) => {
    const problem = headProblem(answer, 'text/event-stream')
    if (problem !== undefined) return problem
    if (answer.reads < 4) return `the whole stream came in ${answer.reads} reads: it was held back`
    // A client that did not ask for usage is not shown the chunk that the gateway asked for.
    if (holds(answer.body, plain) || holds(answer.body, withoutUsage)) return undefined
    const text = Buffer.concat(answer.body).toString()
    if (!text.trimEnd().endsWith('data: [DONE]')) return `the stream has no end: …${text.slice(-120)}`
    const content = contentOf(text)
    return content === wanted ? undefined : `other text was streamed: ${content.slice(0, 200)}`
  }
}

/** The same for a client of Anthropic's; from the pipe it comes as the provider sent it. */
export function isMessageStreamOf(pieces: number): AnswerCheck {
  const isChatStream = isStreamOf(pieces)
  const wanted = contentOf(Buffer.concat(chatEvents(pieces, false)).toString())
  return (answer) => {
    const text = Buffer.concat(answer.body).toString()
    if (!text.startsWith('event: message_start\n')) return isChatStream(answer)
    const problem = headProblem(answer, 'text/event-stream')
    if (problem !== undefined) return problem
    if (answer.reads < 4) return `the whole stream came in ${answer.reads} reads: it was held back`
    if (!text.endsWith('event: message_stop\ndata: {"type":"message_stop"}\n\n')) return `the stream has no end: …${text.slice(-120)}`
    const content = text.split('\n').map((line) => (line.startsWith('data: ') ? (parsed<Piece>(line.slice(6))?.delta?.text ?? '') : '')).join('')
    return content === wanted ? undefined : `other text was streamed: ${content.slice(0, 200)}`
  }
}

interface Piece {
  readonly delta?: { readonly text?: string }
}

function headProblem({ status, head, body }: Answer, type: string): string | undefined {
  if (status !== 200) return `status ${status}: ${Buffer.concat(body).toString().slice(0, 300)}`
  return head.toLowerCase().includes(`\r\ncontent-type: ${type}`) ? undefined : `not ${type}: ${head}`
}

function holds(pieces: readonly Buffer[], expected: Buffer): boolean {
  let at = 0
  for (const piece of pieces) {
    if (at + piece.byteLength > expected.byteLength) return false
    if (piece.compare(expected, at, at + piece.byteLength) !== 0) return false
    at += piece.byteLength
  }
  return at === expected.byteLength
}

interface Chunk {
  readonly choices?: readonly { readonly delta?: { readonly content?: string }; readonly message?: { readonly content?: string } }[]
}

function chatProblem({ body }: Answer): string | undefined {
  const text = Buffer.concat(body).toString()
  const content = parsed<Chunk>(text)?.choices?.[0]?.message?.content
  return content === chatText ? undefined : `another answer: ${text.slice(0, 300)}`
}

function embeddingsProblem({ body }: Answer): string | undefined {
  const text = Buffer.concat(body).toString()
  const data = parsed<{ data?: unknown[] }>(text)?.data
  return data?.length === embeddingCount ? undefined : `another answer (${text.length} characters): ${text.slice(0, 300)}`
}

function contentOf(stream: string): string {
  let content = ''
  for (const line of stream.split('\n')) {
    if (line.startsWith('data: {')) content += parsed<Chunk>(line.slice(6))?.choices?.[0]?.delta?.content ?? ''
  }
  return content
}

function parsed<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T
  } catch {
    // Not JSON: the caller says so with the text.
    return undefined
  }
}
