import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { clientTranslators, embeddingsTranslators, rulesMarkdown, translators, Untranslatable, type Rule } from '../src/index.ts'
import { TranslationContext } from '../src/translate/translation-context.ts'
import { saying, type Json } from './translating.ts'

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
}
const embeddingsCases = embeddingsTranslators.flatMap(({ dialect, rules, requestToEmbeddings, requestFromEmbeddings }) => [
  ...casesOf(dialect, 'requestToChat', rules.requestToChat, (request: Json) =>
    requestToEmbeddings({ ...least[dialect], ...request }, { model: '', inputs: 0, asBase64: false, isSingle: false }),
  ),
  ...casesOf(dialect, 'requestFromChat', rules.requestFromChat ?? [], (request: Json) => requestFromEmbeddings({ inputs: ['Hi'], ...request })),
])
const cases = [...chatCases, ...embeddingsCases]

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
