import type { Dialect, SseEvent } from '@sluice/provider'
import { completionProblems } from '../../../test/support/completion-schema.ts'
import { schemaProblems } from '../../../test/support/dialect-schemas.ts'
import { collectedBedrock } from './collected-bedrock.ts'
import { collectedCompletion } from './collected-completion.ts'
import { collectedGemini } from './collected-gemini.ts'
import { collectedResponse } from './collected-response.ts'
import { collectedChat, collectedMessage, type Collected } from './collected.ts'
import type { Counts, Said, SaidCall, SaidChoice } from './said.ts'
import type { Json } from './translating.ts'

/** How the clients of one dialect see an answer. */
export interface ClientView {
  /** A stream as the answer that it stands for, held to the order of its events. */
  collect(events: readonly SseEvent[]): Collected
  /** What the strict schema has against an event, and against a whole answer. */
  eventProblems(event: SseEvent): string[]
  wholeProblems(body: Json): string[]
  errorProblems(body: object): string[]
  /** What an answer says. */
  read(body: Json): Said
  /** What of something said these clients can be told. */
  told(said: Said): Said
  /** The one event that ends a stream whose answer is this. */
  lastEvent(body: Json): string
  /** The one that ends a stream which broke off. */
  readonly broken: string
}

type Part = Json & { text?: string }

const noCounts: Counts = { prompt: 0, completion: 0, total: 0, cached: 0, written: 0, thought: 0 }

function textIn(parts: readonly Json[], member: string): string {
  return parts.map((part) => String(part[member] ?? '')).join('')
}

function count(usage: Json, ...path: readonly string[]): number {
  const value = path.reduce<unknown>((at, name) => (at as Json | undefined)?.[name], usage)
  return typeof value === 'number' ? value : 0
}

/** The first answer is the only one. */
function first(said: Said): Said {
  return { ...said, choices: said.choices.slice(0, 1).map((choice) => ({ ...choice, finish: oneWord(choice.finish) })) }
}

/** `function_call` is the old word of those who asked by `functions`. */
function oneWord(finish: string): string {
  return finish === 'function_call' ? 'tool_calls' : finish
}

/** A refusal is text like any other, and the reason to end. */
function refusalAsText(choice: SaidChoice): SaidChoice {
  return choice.refusal === '' ? choice : { ...choice, content: choice.content + choice.refusal, refusal: '', finish: 'content_filter' }
}

function called(id: unknown, name: unknown, input: unknown): SaidCall {
  return { id: id as string, name: name as string, input }
}

const chat: ClientView = {
  collect: collectedChat,
  eventProblems({ data }) {
    if (data === '[DONE]') return []
    const body = JSON.parse(data) as Json
    return schemaProblems('openAi', body['error'] ? 'ErrorResponse' : 'CreateChatCompletionStreamResponse', body)
  },
  wholeProblems: (body) => schemaProblems('openAi', 'CreateChatCompletionResponse', body),
  errorProblems: (body) => schemaProblems('openAi', 'ErrorResponse', body),
  read(body) {
    const choices = (body['choices'] as { message: Json; finish_reason: string }[]).map(({ message, finish_reason: finish }) => {
      const one = message['function_call'] as Json | undefined
      const calls = (message['tool_calls'] ?? (one ? [{ id: 'the only one', function: one }] : [])) as { id: string; function: { name: string; arguments: string } }[]
      return {
        content: (message['content'] as string | null) ?? '',
        refusal: (message['refusal'] as string | null) ?? '',
        reasoning: (message['reasoning_content'] as string | undefined) ?? '',
        calls: calls.map(({ id, function: { name, arguments: text } }) => called(id, name, JSON.parse(text))),
        finish,
      }
    })
    const usage = body['usage'] as Json | undefined
    return { choices, usage: usage && chatCounts(usage) }
  },
  told: (said) => said,
  lastEvent: () => '[DONE]',
  broken: 'error',
}

function chatCounts(usage: Json): Counts {
  return {
    prompt: count(usage, 'prompt_tokens'),
    completion: count(usage, 'completion_tokens'),
    total: count(usage, 'total_tokens'),
    cached: count(usage, 'prompt_tokens_details', 'cached_tokens'),
    written: count(usage, 'prompt_tokens_details', 'cache_write_tokens'),
    thought: count(usage, 'completion_tokens_details', 'reasoning_tokens'),
  }
}

const stopReasons: Readonly<Record<string, string>> = { end_turn: 'stop', stop_sequence: 'stop', max_tokens: 'length', tool_use: 'tool_calls', refusal: 'content_filter' }

const messages: ClientView = {
  collect: collectedMessage,
  eventProblems: ({ data }) => schemaProblems('anthropic', 'StreamEvent', JSON.parse(data)),
  wholeProblems: (body) => schemaProblems('anthropic', 'MessageComplete', body),
  errorProblems: (body) => schemaProblems('anthropic', 'Error', body),
  read(body) {
    const blocks = body['content'] as Json[]
    const usage = body['usage'] as Json
    const cached = count(usage, 'cache_read_input_tokens')
    const written = count(usage, 'cache_creation_input_tokens')
    const prompt = count(usage, 'input_tokens') + cached + written
    const completion = count(usage, 'output_tokens')
    const choice = {
      content: textIn(blocks, 'text'),
      refusal: '',
      reasoning: textIn(blocks, 'thinking'),
      calls: blocks.flatMap(({ type, id, name, input }) => (type === 'tool_use' ? [called(id, name, input)] : [])),
      finish: stopReasons[body['stop_reason'] as string] ?? String(body['stop_reason']),
    }
    const thought = count(usage, 'output_tokens_details', 'thinking_tokens')
    return { choices: [choice], usage: { prompt, completion, total: prompt + completion, cached, written, thought } }
  },
  // Counts are never left out, and no total is told; what was cached is told beside the rest of the prompt, which is not below 0.
  told(said) {
    const { prompt, completion, cached, written, thought } = said.usage ?? noCounts
    const atLeast = Math.max(prompt, cached + written)
    return { choices: first(said).choices.map(refusalAsText), usage: { prompt: atLeast, completion, total: atLeast + completion, cached, written, thought } }
  },
  lastEvent: () => 'message_stop',
  broken: 'error',
}

const outputSchemas: Readonly<Record<string, string>> = { message: 'OutputMessage', function_call: 'FunctionToolCall', reasoning: 'ReasoningItem' }
const incomplete: Readonly<Record<string, string>> = { max_output_tokens: 'length', content_filter: 'content_filter' }

const responses: ClientView = {
  collect: collectedResponse,
  eventProblems: ({ data }) => schemaProblems('openAi', 'ResponseStreamEvent', JSON.parse(data)),
  wholeProblems: (body) => [
    ...schemaProblems('openAi', 'Response', body),
    ...(body['output'] as Json[]).flatMap((item) => schemaProblems('openAi', outputSchemas[item['type'] as string] ?? '', item)),
  ],
  errorProblems: (body) => schemaProblems('openAi', 'ErrorResponse', body),
  read(body) {
    const items = body['output'] as (Json & { content?: Part[]; summary?: Part[] })[]
    const parts = items.flatMap(({ content = [] }) => content)
    const calls = items.flatMap((item) => (item['type'] === 'function_call' ? [called(item['call_id'], item['name'], JSON.parse(item['arguments'] as string))] : []))
    const { reason } = (body['incomplete_details'] ?? {}) as { reason?: string }
    const usage = body['usage'] as Json | null
    const choice = {
      content: textIn(parts.filter(({ type }) => type === 'output_text'), 'text'),
      refusal: textIn(parts, 'refusal'),
      reasoning: textIn(items.flatMap(({ type, summary = [], content = [] }) => (type === 'reasoning' ? [...summary, ...content] : [])), 'text'),
      calls,
      finish: reason === undefined ? completed(calls.length > 0) : (incomplete[reason] ?? reason),
    }
    return { choices: [choice], usage: usage ? responseCounts(usage) : undefined }
  },
  told: first,
  lastEvent: ({ status }) => `response.${String(status)}`,
  broken: 'response.failed',
}

function completed(hasCalls: boolean): string {
  return hasCalls ? 'tool_calls' : 'stop'
}

function responseCounts(usage: Json): Counts {
  return {
    prompt: count(usage, 'input_tokens'),
    completion: count(usage, 'output_tokens'),
    total: count(usage, 'total_tokens'),
    cached: count(usage, 'input_tokens_details', 'cached_tokens'),
    written: count(usage, 'input_tokens_details', 'cache_write_tokens'),
    thought: count(usage, 'output_tokens_details', 'reasoning_tokens'),
  }
}

const geminiReasons: Readonly<Record<string, string>> = { STOP: 'stop', MAX_TOKENS: 'length', SAFETY: 'content_filter' }

const gemini: ClientView = {
  collect: collectedGemini,
  eventProblems: ({ data }) => schemaProblems('gemini', 'StreamEvent', JSON.parse(data)),
  wholeProblems: (body) => schemaProblems('gemini', 'WholeResponse', body),
  errorProblems: (body) => schemaProblems('gemini', 'ErrorResponse', body),
  read(body) {
    const choices = (body['candidates'] as { finishReason: string; content: { parts: Part[] } }[]).map(({ finishReason, content: { parts } }) => {
      const calls = parts.flatMap(({ functionCall: call }) => (call ? [call as Json] : []))
      const finish = geminiReasons[finishReason] ?? finishReason
      return {
        content: textIn(parts.filter(({ thought }) => !thought), 'text'),
        refusal: '',
        reasoning: textIn(parts.filter(({ thought }) => thought), 'text'),
        calls: calls.map(({ id, name, args }) => called(id, name, args)),
        finish: finish === 'stop' ? completed(calls.length > 0) : finish,
      }
    })
    const usage = body['usageMetadata'] as Json | undefined
    return { choices, usage: usage && geminiCounts(usage) }
  },
  // It does not tell what was written to its cache.
  told: ({ choices, usage }) => ({
    choices: choices.map((choice) => refusalAsText({ ...choice, finish: oneWord(choice.finish) })),
    usage: usage && { ...usage, completion: Math.max(usage.completion, usage.thought), written: 0 },
  }),
  lastEvent: () => 'finish',
  broken: 'error',
}

function geminiCounts(usage: Json): Counts {
  const thought = count(usage, 'thoughtsTokenCount')
  return {
    prompt: count(usage, 'promptTokenCount'),
    completion: count(usage, 'candidatesTokenCount') + thought,
    total: count(usage, 'totalTokenCount'),
    cached: count(usage, 'cachedContentTokenCount'),
    written: 0,
    thought,
  }
}

const bedrockReasons: Readonly<Record<string, string>> = { end_turn: 'stop', stop_sequence: 'stop', tool_use: 'tool_calls', max_tokens: 'length', content_filtered: 'content_filter', guardrail_intervened: 'content_filter' }

const bedrock: ClientView = {
  collect: collectedBedrock,
  eventProblems: ({ event, data }) => schemaProblems('bedrock', event, JSON.parse(data)),
  wholeProblems: (body) => schemaProblems('bedrock', 'ConverseResponse', body),
  errorProblems: (body) => schemaProblems('bedrock', 'Error', body),
  read(body) {
    const { content } = (body['output'] as { message: { content: (Json & { toolUse?: Json; reasoningContent?: { reasoningText?: Json } })[] } }).message
    const usage = body['usage'] as Json
    const cached = count(usage, 'cacheReadInputTokens')
    const written = count(usage, 'cacheWriteInputTokens')
    const choice = {
      content: textIn(content, 'text'),
      refusal: '',
      reasoning: textIn(content.flatMap(({ reasoningContent: thought }) => (thought?.reasoningText ? [thought.reasoningText] : [])), 'text'),
      calls: content.flatMap(({ toolUse: call }) => (call ? [called(call['toolUseId'], call['name'], call['input'])] : [])),
      finish: bedrockReasons[body['stopReason'] as string] ?? String(body['stopReason']),
    }
    const counts = { prompt: count(usage, 'inputTokens') + cached + written, completion: count(usage, 'outputTokens'), total: count(usage, 'totalTokens'), cached, written, thought: 0 }
    return { choices: [choice], usage: counts }
  },
  // Counts are never left out; what was cached is told beside the rest of the prompt, which is not below 0, and what was thought not at all.
  told(said) {
    const { prompt, cached, written, ...others } = said.usage ?? noCounts
    return { choices: first(said).choices.map(refusalAsText), usage: { ...others, prompt: Math.max(prompt, cached + written), cached, written, thought: 0 } }
  },
  lastEvent: () => 'metadata',
  broken: 'exception',
}

const completions: ClientView = {
  collect: collectedCompletion,
  // The collector holds each to its schema.
  eventProblems: () => [],
  wholeProblems: (body) => completionProblems(body, false),
  errorProblems: (body) => schemaProblems('openAi', 'ErrorResponse', body),
  read(body) {
    const usage = body['usage'] as Json | undefined
    const choices = (body['choices'] as { text: string; finish_reason: string }[]).map(({ text, finish_reason: finish }) => ({ content: text, refusal: '', reasoning: '', calls: [], finish }))
    return { choices, usage: usage && chatCounts(usage) }
  },
  // A completion is text: who asked for one has no tools.
  told: ({ choices, usage }) => ({
    choices: choices.map(({ content, refusal, finish }) => ({ content: content + refusal, refusal: '', reasoning: '', calls: [], finish: oneWord(finish) === 'tool_calls' ? 'stop' : finish })),
    usage,
  }),
  lastEvent: () => '[DONE]',
  broken: 'error',
}

/** The columns of the matrix. */
export const clientViews: Readonly<Partial<Record<Dialect, ClientView>>> = {
  'openai-chat': chat,
  'openai-responses': responses,
  'anthropic-messages': messages,
  gemini,
  'bedrock-converse': bedrock,
  'openai-completions': completions,
}
