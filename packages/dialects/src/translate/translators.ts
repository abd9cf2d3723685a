import type { Dialect } from '@sluice/provider'
import { anthropicMessages } from '../anthropic-messages/translator.ts'
import { gemini } from '../gemini/translator.ts'
import { openAiChat } from '../openai-chat/translator.ts'
import { openAiResponses } from '../openai-responses/translator.ts'
import type { Translator } from './translator.ts'

/**
 * The dialects that can be translated, each into every other.
 *
 * One more is a folder of its name with `request-to-chat.ts`, `request-from-chat.ts`, `answer-to-chat.ts`, `answer-from-chat.ts`,
 * `stream-to-chat.ts`, `stream-from-chat.ts` and `rules.ts`, tied together in `translator.ts`; its `DialectFacts` in `dialect-of.ts`,
 * which also know how it tells of errors; and a line here. Tests go through this list: `round-trips.test.ts` asks what the
 * dialect can say.
 */
export const translators: readonly Translator[] = [openAiChat, openAiResponses, anthropicMessages, gemini]

const byDialect: ReadonlyMap<Dialect, Translator> = new Map(translators.map((one) => [one.dialect, one]))

export function translatorOf(dialect: Dialect): Translator | undefined {
  return byDialect.get(dialect)
}
