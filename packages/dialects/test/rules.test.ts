import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { clientTranslators, embeddingsTranslators, rulesMarkdown, translators, Untranslatable, type AnswerRule, type Rule } from '../src/index.ts'
import type { EmbeddingsContext } from '../src/embeddings/embeddings-translator.ts'
import type { ChatAnswer } from '../src/pivot/chat-answer.ts'
import { TranslationContext } from '../src/translate/translation-context.ts'
import { answering, saying, type Json } from './translating.ts'

type Translate = (request: never, context: TranslationContext) => unknown

function run(dialect: string, translate: Translate, members: Json): unknown {
  const context = new TranslationContext({ now: () => 0, newId: () => 'x', maxHeld: 1000 })
  return translate({ model: 'm', ...saying(dialect), max_completion_tokens: 9, ...members } as never, context)
}

/** What is written for a provider begins as a chat. */
function casesOf(dialect: string, part: string, rules: readonly Rule[], translate: Translate) {
  return rules.map((rule) => ({ name: `${dialect} ${part} ${rule.what}`, rule, dialect: part === 'requestFromChat' ? 'openai-chat' : dialect, translate }))
}

const chatCases = [
  ...clientTranslators.flatMap(({ dialect, rules, requestToChat }) => casesOf(dialect, 'requestToChat', rules.requestToChat, requestToChat)),
  ...translators.flatMap(({ dialect, rules, requestFromChat }) => casesOf(dialect, 'requestFromChat', rules.requestFromChat, requestFromChat)),
]

/** The least that can be embedded, in each dialect. */
const least: Readonly<Record<string, Json>> = {
  'openai-embeddings': { input: 'Hi' },
  'gemini-embeddings': { content: { parts: [{ text: 'Hi' }] } },
  'vertex-predict': { instances: [{ content: 'Hi' }] },
  'bedrock-embeddings': { inputText: 'Hi' },
}
const embeddingsCases = embeddingsTranslators.flatMap(({ dialect, rules, requestToEmbeddings, requestFromEmbeddings }) => [
  ...casesOf(dialect, 'requestToChat', rules.requestToChat, (request: Json) =>
    requestToEmbeddings({ ...least[dialect], ...request }, { model: '', inputs: 0, asBase64: false, isSingle: false }),
  ),
  ...casesOf(dialect, 'requestFromChat', rules.requestFromChat ?? [], (request: Json) => requestFromEmbeddings({ inputs: ['Hi'], ...request })),
])
const cases = [...chatCases, ...embeddingsCases]

/** What a rule of answers says of an answer with these members. */
type Answer = (members: Json) => unknown

function answersOf(dialect: string, rules: readonly AnswerRule[], of: AnswerRule['of'], answer: Answer) {
  return rules.filter((rule) => rule.of === of).map((rule) => ({ name: `${dialect} answers ${rule.what}`, rule, answer }))
}

const newContext = (): TranslationContext => new TranslationContext({ now: () => 0, newId: () => 'x', maxHeld: 1000 })
const embedding = (): EmbeddingsContext => ({ model: '', inputs: 1, asBase64: false, isSingle: false })

const answerCases = [
  ...translators.flatMap(({ dialect, rules, answerToChat }) => answersOf(dialect, rules.answers, 'provider', (members) => answerToChat({ ...answering(dialect), ...members }, newContext()))),
  ...clientTranslators.flatMap(({ dialect, rules, answerFromChat }) =>
    answersOf(dialect, rules.answers, 'client', (members) => answerFromChat({ ...answering('openai-chat'), ...members } as unknown as ChatAnswer, newContext())),
  ),
  ...embeddingsTranslators.flatMap(({ dialect, rules: { answers }, answerToEmbeddings, answerFromEmbeddings }) => [
    ...answersOf(dialect, answers, 'provider', (members) => answerToEmbeddings(members, embedding())),
    ...answersOf(dialect, answers, 'client', (members) => answerFromEmbeddings({ model: 'm', vectors: [[1]], ...members }, embedding())),
  ]),
]

function lastOf(members: Json): Json {
  // A conversation loses a message, or what stands in it: compared with the one without.
  return 'messages' in members || 'input' in members || 'contents' in members || 'instances' in members ? {} : members
}

describe('a rule', () => {
  test.for(cases.filter(({ rule }) => rule.does === 'refused'))('$name is refused, and the client told why', ({ dialect, translate, rule }) => {
    const refused = caught(() => run(dialect, translate, { ...rule.example }))
    expect(refused).toBeInstanceOf(Untranslatable)
    expect(refused).toMatchObject({ status: 400, code: expect.stringMatching(/^unsupported_/) as string, param: expect.any(String) as string })
  })

  test.for(cases.filter(({ rule }) => rule.does === 'dropped' && Object.keys(lastOf(rule.example)).length > 0))('$name is dropped', ({ dialect, translate, rule }) => {
    expect(run(dialect, translate, { ...rule.example })).toEqual(run(dialect, translate, {}))
  })

  test.for(cases.filter(({ rule }) => rule.does !== 'refused'))('$name comes through in another form', ({ dialect, translate, rule }) => {
    const before = JSON.stringify(rule.example)
    const after = JSON.stringify(run(dialect, translate, { ...rule.example }))
    expect(after).not.toContain(before.slice(1, -1))
    expect(JSON.stringify(rule.example)).toBe(before)
  })

  test.for(answerCases.filter(({ rule }) => rule.does === 'dropped'))('$name is dropped', ({ rule, answer }) => {
    expect(answer({ ...rule.example })).toEqual(answer({}))
  })

  test.for(answerCases)('$name comes through in another form', ({ rule, answer }) => {
    const before = JSON.stringify(rule.example)
    expect(JSON.stringify(answer({ ...rule.example }))).not.toContain(before.slice(1, -1))
    expect(JSON.stringify(rule.example)).toBe(before)
  })

  test('of answers has an example each', () => {
    const all = [...clientTranslators, ...embeddingsTranslators].flatMap(({ dialect, rules }) => rules.answers.map(({ what }) => `${dialect} answers ${what}`))
    expect(answerCases.map(({ name }) => name).toSorted()).toEqual(all.toSorted())
  })

  test('says each thing once', () => {
    for (const { rules } of [...clientTranslators, ...embeddingsTranslators]) {
      for (const part of [rules.requestToChat, rules.requestFromChat ?? [], rules.answers]) {
        const all = part.map(({ what }: Rule) => what)
        expect(new Set(all).size).toBe(all.length)
      }
    }
  })

  test('stands in TRANSLATION.md', () => {
    const written = readFileSync(new URL('../TRANSLATION.md', import.meta.url), 'utf8')
    expect(written, 'TRANSLATION.md is out of date: run `npm run reference`').toBe(rulesMarkdown([...clientTranslators, ...embeddingsTranslators]))
  })
})

function caught(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}
