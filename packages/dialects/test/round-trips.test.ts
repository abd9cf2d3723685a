import { describe, expect, test } from 'vitest'
import { Translation, translators, type TranslationOptions, type Translator } from '../src/index.ts'
import type { ChatAnswer } from '../src/pivot/chat-answer.ts'
import type { ChatMessage, ChatRequest } from '../src/pivot/chat-request.ts'
import { TranslationContext } from '../src/translate/translation-context.ts'
import { answerOf, chunksOf } from './chunks.ts'
import { answerFor, requestFor, type Says } from './conversations.ts'
import { clientViews } from './client-views.ts'
import { decoded } from './events-in.ts'
import { Random, seeds } from './random.ts'
import type { Said } from './said.ts'
import { saidByBoth, says } from './says.ts'
import { asked, streamed, type Json } from './translating.ts'

const cases = translators.map((translator) => ({ translator, name: translator.dialect, says: says[translator.dialect]! }))

const pairs = translators.flatMap((client) =>
  translators.map((provider) => ({ name: `${client.dialect} and ${provider.dialect}`, client, provider, says: saidByBoth(says[client.dialect]!, says[provider.dialect]!) })),
)

function options(): TranslationOptions {
  let ids = 0
  return {
    now: () => 1_700_000_000,
    newId: () => `made${++ids}`,
    maxHeld: 1 << 20,
    extensions: ['reasoning_content', 'reasoning_details', 'cache_control', 'top_k', 'thinking', 'extra_content'],
  }
}

function context(): TranslationContext {
  const made = new TranslationContext(options())
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

/** Some put an empty line between two thoughts. */
function joined({ choices, usage }: Said): Said {
  return { choices: choices.map((choice) => ({ ...choice, reasoning: choice.reasoning.replaceAll('\n\n', '') })), usage }
}

/** OpenAI wants a name for each file, and one that has none gets one. */
function withoutMadeUpNames(chat: ChatRequest): ChatRequest {
  return JSON.parse(JSON.stringify(chat).replaceAll('"filename":"document.pdf",', '')) as ChatRequest
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

/** An answer as a provider of the dialect streams it. */
function streamOf(translator: Translator, answer: ChatAnswer, random: Random): Buffer[] {
  const writer = translator.streamFromChat(context())
  const events: Buffer[] = []
  for (const chunk of chunksOf(random, answer)) writer.write(chunk, events)
  writer.end(events)
  return events
}

function streamedBack(translator: Translator, answer: ChatAnswer, random: Random): ChatAnswer {
  const events = streamOf(translator, answer, random)
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

describe('between any two dialects', () => {
  test.for(pairs)('a request says what both can say: $name', ({ client, provider, says: known }) => {
    for (const seed of seeds(60)) {
      const chat = requestFor(known, seed)
      const request = { ...pathOf(client, chat), ...sent(client.requestFromChat(sent(chat), context())) }
      const written = sent(new Translation(client.dialect, provider.dialect, options()).request(request))
      const back = provider.requestToChat({ ...pathOf(provider, chat), ...written }, context())
      expect({ seed, chat: normal(withoutMadeUpNames(back)) }).toEqual({ seed, chat: normal(chat) })
    }
  })

  test.for(pairs)('an answer says what both can say, whole and streamed alike: $name', ({ client, provider, says: known }) => {
    const { read, told, collect } = clientViews[client.dialect]!
    const asking = (): Translation => asked(client.dialect, provider.dialect, client.dialect === 'openai-chat' ? { stream_options: { include_usage: true } } : {})
    for (const seed of seeds(60)) {
      const answer = answerFor(known, seed)
      const whole = asking().answer(sent(provider.answerFromChat(sent(answer), context())))
      const events = streamed(asking().stream(), streamOf(provider, answer, new Random(seed)))
      const wanted = told(clientViews['openai-chat']!.read(sent(answer) as unknown as Json))
      expect({ seed, whole: joined(read(whole)), streamed: joined(read(collect(events).body)) }).toEqual({ seed, whole: joined(wanted), streamed: joined(wanted) })
    }
  })
})
