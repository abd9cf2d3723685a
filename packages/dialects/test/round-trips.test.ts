import type { Dialect } from '@sluice/provider'
import { describe, expect, test } from 'vitest'
import { translators, type Translator } from '../src/index.ts'
import type { ChatAnswer } from '../src/pivot/chat-answer.ts'
import type { ChatMessage, ChatRequest } from '../src/pivot/chat-request.ts'
import { TranslationContext } from '../src/translate/translation-context.ts'
import { answerOf, chunksOf } from './chunks.ts'
import { answerFor, requestFor, type Says } from './conversations.ts'
import { decoded } from './events-in.ts'
import { Random, seeds } from './random.ts'

/** What each dialect can say. A chat that holds nothing else comes back from it as it was. */
const says: Partial<Record<Dialect, Says>> = {
  'openai-chat': {
    signedCalls: true,
    cacheControl: true,
    signedReasoning: true,
    thinkingBudget: true,
    topK: true,
    isError: false,
    picturesFromTools: false,
    documents: false,
    citations: false,
    severalChoices: true,
    refusal: true,
    stopSequence: false,
  },
  'openai-responses': {
    cacheControl: false,
    signedReasoning: false,
    encryptedReasoning: true,
    thinkingBudget: false,
    topK: false,
    isError: false,
    picturesFromTools: true,
    documents: false,
    citations: false,
    severalChoices: false,
    refusal: true,
    stopSequence: false,
    neverStops: true,
  },
  'anthropic-messages': {
    cacheControl: true,
    signedReasoning: true,
    thinkingBudget: true,
    topK: true,
    isError: true,
    picturesFromTools: true,
    documents: true,
    citations: true,
    severalChoices: false,
    refusal: false,
    stopSequence: true,
  },
  gemini: {
    cacheControl: false,
    signedReasoning: false,
    googleReasoning: true,
    signedCalls: true,
    thinkingBudget: true,
    topK: true,
    isError: true,
    picturesFromTools: false,
    documents: false,
    citations: false,
    severalChoices: true,
    refusal: false,
    stopSequence: false,
    lacks: new Set(['file names', 'strict tools', 'single calls', 'user', 'cache writes']),
  },
  'bedrock-converse': {
    cacheControl: true,
    signedReasoning: true,
    thinkingBudget: true,
    topK: true,
    isError: true,
    picturesFromTools: true,
    documents: false,
    citations: false,
    severalChoices: false,
    refusal: false,
    stopSequence: true,
    lacks: new Set(['file names', 'single calls', 'user', 'addresses', 'marks in results', 'files without a word', 'thought tokens', 'ids of answers']),
  },
}

const cases = translators.map((translator) => ({ translator, name: translator.dialect, says: says[translator.dialect]! }))

function context(): TranslationContext {
  let ids = 0
  const made = new TranslationContext({
    now: () => 1_700_000_000,
    newId: () => `made${++ids}`,
    maxHeld: 1 << 20,
    extensions: ['reasoning_content', 'reasoning_details', 'cache_control', 'top_k', 'thinking', 'extra_content'],
  })
  made.wantsUsage = true
  return made
}

/** What a dialect may put in another way without saying anything else: a text is one part. */
function normal({ stream_options: _options, tools = [], ...chat }: ChatRequest): ChatRequest {
  const messages = chat.messages.map((message): ChatMessage => {
    if (typeof message.content !== 'string') return message.content === null ? withoutContent(message) : message
    return { ...message, content: [{ type: 'text', text: message.content }] } as ChatMessage
  })
  return { ...chat, messages, ...(tools.length > 0 && { tools }) }
}

function withoutContent(message: ChatMessage): ChatMessage {
  const { content: _content, ...rest } = message
  return rest as ChatMessage
}

/** Without the provider's own words, which the pivot need not have had, and without a count of no thoughts, which OpenAI always gives. */
function plain(answer: ChatAnswer, known: Says): ChatAnswer {
  const { completion_tokens_details: details, ...usage } = answer.usage!
  return {
    ...answer,
    // Some answers name neither themselves nor their model.
    ...(known.lacks?.has('ids of answers') && { id: '', model: 'some-model' }),
    choices: answer.choices.map(({ native_finish_reason: _native, ...choice }) => choice),
    usage: { ...usage, ...(details?.reasoning_tokens && { completion_tokens_details: details }) },
  }
}

/** What stands in the path of a request, and is told beside its body. */
function pathOf({ dialect }: Translator, { model, stream }: ChatRequest) {
  return dialect === 'gemini' || dialect === 'bedrock-converse' ? { model, ...(stream !== undefined && { stream }) } : {}
}

/** Over the wire, where JSON has no undefined. */
function sent<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}

function streamedBack(translator: Translator, answer: ChatAnswer, random: Random): ChatAnswer {
  const writer = translator.streamFromChat(context())
  const events: Buffer[] = []
  for (const chunk of chunksOf(random, answer)) writer.write(chunk, events)
  writer.end(events)
  const reader = translator.streamToChat(context())
  const chunks = [...events.flatMap((event) => reader.read(decoded(event))), ...reader.end()]
  expect(reader.finished).toBe(true)
  return answerOf(chunks, answer.created)
}

describe('there and back', () => {
  test.for(cases)('through $name a request says what it said', ({ translator, says: known }) => {
    for (const seed of seeds()) {
      const chat = requestFor(known, seed)
      const written = sent(translator.requestFromChat(sent(chat), context()))
      const back = translator.requestToChat({ ...pathOf(translator, chat), ...written }, context())
      expect({ seed, chat: normal(back) }).toEqual({ seed, chat: normal(chat) })
    }
  })

  test.for(cases)('through $name an answer says what it said', ({ translator, says: known }) => {
    for (const seed of seeds()) {
      const answer = answerFor(known, seed)
      const back = translator.answerToChat(sent(translator.answerFromChat(sent(answer), context())), context())
      expect({ seed, answer: plain(back, known) }).toEqual({ seed, answer })
    }
  })

  test.for(cases)('through $name a streamed answer says what the whole one says', ({ translator, says: known }) => {
    for (const seed of seeds()) {
      const answer = answerFor(known, seed)
      expect({ seed, answer: plain(streamedBack(translator, answer, new Random(seed)), known) }).toEqual({ seed, answer })
    }
  })
})
