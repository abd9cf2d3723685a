import { describe, expect, test } from 'vitest'
import { clientTranslators, Translation, translators, Untranslatable, UpstreamNonsense, type ClientTranslator, type Translator } from '../src/index.ts'
import { TranslationContext } from '../src/translate/translation-context.ts'
import { chunksOf } from './chunks.ts'
import { answerFor, requestFor, writtenIn, type Says } from './conversations.ts'
import { decoded } from './events-in.ts'
import { Random, seeds } from './random.ts'
import type { Json } from './translating.ts'

const all: Says = {
  cacheControl: true,
  signedReasoning: true,
  thinkingBudget: true,
  topK: true,
  isError: true,
  picturesFromTools: true,
  documents: false,
  citations: true,
  severalChoices: true,
  refusal: true,
  stopSequence: true,
}

const pairs = clientTranslators.flatMap((client) => translators.map((provider) => ({ name: `${client.dialect} to ${provider.dialect}`, client, provider })))
const options = { now: () => 1_700_000_000, newId: () => 'made', maxHeld: 4096 }

const anything: readonly [unknown, ...unknown[]] = [null, true, 0, -1, 1e308, 1.5, '', 'x', '__proto__', [], [null], [[]], {}, { type: 'text' }, { type: 'tool_use' }, 'data:;base64,', '\uD800', { __proto__: null, constructor: 1 }, JSON.parse('{"__proto__":{"a":1},"type":"function"}')]

/** What clients ask in a dialect that no provider is asked in. */
const oldRequest = { model: 'm', prompt: ['Once'], suffix: '', best_of: 1, max_tokens: 9, logprobs: 2, echo: true, stop: ['END'], stream: true, stream_options: { include_usage: true }, logit_bias: { 5: 1 } }

function isWhole(translator: ClientTranslator): translator is Translator {
  return 'requestFromChat' in translator
}

/** The same value with something in it replaced by anything, or left out. */
function spoiled(random: Random, value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || (depth > 0 && random.chance(15))) return random.pick(anything)
  if (Array.isArray(value)) {
    const at = random.below(value.length || 1)
    return value.length === 0 ? [random.pick(anything)] : value.map((one: unknown, index) => (index === at ? spoiled(random, one, depth + 1) : one))
  }
  const names = Object.keys(value)
  const name = names[random.below(names.length)]
  if (name === undefined) return random.pick(anything)
  const { [name]: old, ...rest } = value as Json
  return random.chance(10) ? rest : { ...value, [name]: spoiled(random, old, depth + 1) }
}

function sent(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

/** What was thrown that is none of the declared errors. */
function strangers(work: () => unknown): unknown[] {
  try {
    JSON.stringify(work())
    return []
  } catch (error) {
    return error instanceof Untranslatable || error instanceof UpstreamNonsense ? [] : [error]
  }
}

/** Gemini has no event of its own for it: its last tells why the answer ended. */
function isLastOfGemini(data: string): boolean {
  return data.startsWith('{"candidates":') && data.includes('"finishReason":')
}

const responseEnds: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete', 'response.failed'])

function isTerminal(event: Buffer): boolean {
  const { event: name, data } = decoded(event)
  return name === 'metadata' || name.endsWith('Exception') || responseEnds.has(name) || name === 'error' || name === 'message_stop' || data === '[DONE]' || data.startsWith('{"error":') || isLastOfGemini(data)
}

describe('hostile input', () => {
  test.for(pairs)('in a request is refused or translated, $name', ({ client, provider }) => {
    for (const seed of seeds()) {
      const random = new Random(seed)
      const context = new TranslationContext(options)
      const body = sent(isWhole(client) ? client.requestFromChat(requestFor(writtenIn(client.dialect, all), seed), context) : oldRequest)
      const hostile = random.some(1, 3, () => 0).reduce((value: unknown) => spoiled(random, value), body)
      expect({ seed, thrown: strangers(() => new Translation(client.dialect, provider.dialect, options).request(hostile)) }).toEqual({ seed, thrown: [] })
    }
  })

  test.for(pairs)('in an answer is refused or translated, $name', ({ client, provider }) => {
    for (const seed of seeds()) {
      const random = new Random(seed)
      const body = sent(provider.answerFromChat(answerFor(all, seed), new TranslationContext(options)))
      const hostile = random.some(1, 3, () => 0).reduce((value: unknown) => spoiled(random, value), body)
      expect({ seed, thrown: strangers(() => new Translation(client.dialect, provider.dialect, options).answer(hostile)) }).toEqual({ seed, thrown: [] })
    }
  })

  test.for(pairs)('in a stream ends in one last word all the same, $name', ({ client, provider }) => {
    for (const seed of seeds()) {
      const random = new Random(seed)
      const writer = provider.streamFromChat(new TranslationContext(options))
      const events: Buffer[] = []
      for (const chunk of chunksOf(random, answerFor(all, seed))) writer.write(chunk, events)
      writer.end(events)
      const stream = new Translation(client.dialect, provider.dialect, options).stream()
      const out = events.flatMap((bytes) => {
        const event = decoded(bytes)
        if (!random.chance(10)) return stream.event(event)
        const data = event.data.startsWith('{') ? JSON.stringify(spoiled(random, JSON.parse(event.data))) : event.data
        return stream.event({ ...event, data: random.chance(10) ? event.data.slice(0, random.below(event.data.length)) : data })
      })
      out.push(...stream.end(), ...stream.end(), ...stream.event({ event: '', data: '{}' }))
      const terminals = out.filter(isTerminal)
      expect({ seed, terminals: terminals.length, isLast: out.at(-1) === terminals[0] }).toEqual({ seed, terminals: 1, isLast: true })
    }
  })

  test.for(pairs)('that is nested deeper than any stack is refused, $name', ({ client, provider }) => {
    const deep: unknown = JSON.parse('{"a":'.repeat(50_000) + '1' + '}'.repeat(50_000))
    const schema = { type: 'object', properties: { deep } }
    // One tool as each dialect writes it: the other members are nothing to it.
    const tool = { type: 'function', name: 'f', function: { name: 'f', parameters: schema }, parameters: schema }
    const tools = client.dialect === 'anthropic-messages' ? [{ name: 'f', input_schema: schema }] : [tool]
    const translation = new Translation(client.dialect, provider.dialect, options)
    expect(strangers(() => translation.request({ model: 'm', input: 'Hi', messages: [{ role: 'user', content: 'Hi' }], tools }))).toEqual([])
  })
})
