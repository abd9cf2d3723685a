import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { rulesMarkdown, translators, Untranslatable, type Rule, type Translator } from '../src/index.ts'
import { TranslationContext } from '../src/translate/translation-context.ts'
import type { Json } from './translating.ts'

type Part = 'requestToChat' | 'requestFromChat'

const plain: Json = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], input: 'Hi', contents: [{ parts: [{ text: 'Hi' }] }] }

function run(translator: Translator, part: Part, members: Json): unknown {
  const context = new TranslationContext({ now: () => 0, newId: () => 'x', maxHeld: 1000 })
  return translator[part]({ ...plain, max_completion_tokens: 9, ...members } as never, context)
}

const cases = translators.flatMap((translator) =>
  (['requestToChat', 'requestFromChat'] as const).flatMap((part) =>
    translator.rules[part].map((rule) => ({ name: `${translator.dialect} ${part} ${rule.what}`, translator, part, rule })),
  ),
)

function lastOf(members: Json): Json {
  // A conversation loses a message, or what stands in it: compared with the one without.
  return 'messages' in members || 'input' in members || 'contents' in members ? {} : members
}

describe('a rule', () => {
  test.for(cases.filter(({ rule }) => rule.does === 'refused'))('$name is refused, and the client told why', ({ translator, part, rule }) => {
    const refused = caught(() => run(translator, part, { ...rule.example }))
    expect(refused).toBeInstanceOf(Untranslatable)
    expect(refused).toMatchObject({ status: 400, code: expect.stringMatching(/^unsupported_/) as string, param: expect.any(String) as string })
  })

  test.for(cases.filter(({ rule }) => rule.does === 'dropped' && Object.keys(lastOf(rule.example)).length > 0))('$name is dropped', ({ translator, part, rule }) => {
    expect(run(translator, part, { ...rule.example })).toEqual(run(translator, part, {}))
  })

  test.for(cases.filter(({ rule }) => rule.does !== 'refused'))('$name comes through in another form', ({ translator, part, rule }) => {
    const before = JSON.stringify(rule.example)
    const after = JSON.stringify(run(translator, part, { ...rule.example }))
    expect(after).not.toContain(before.slice(1, -1))
    expect(JSON.stringify(rule.example)).toBe(before)
  })

  test('says each thing once', () => {
    for (const { rules } of translators) {
      for (const part of [rules.requestToChat, rules.requestFromChat, rules.answers]) {
        const all = part.map(({ what }: Rule) => what)
        expect(new Set(all).size).toBe(all.length)
      }
    }
  })

  test('stands in TRANSLATION.md', () => {
    const written = readFileSync(new URL('../TRANSLATION.md', import.meta.url), 'utf8')
    expect(written, 'TRANSLATION.md is out of date: run `npm run reference`').toBe(rulesMarkdown(translators))
  })
})

function caught(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}
