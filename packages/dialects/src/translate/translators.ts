import type { Dialect } from '@sluice/provider'
import { anthropicMessages } from '../anthropic-messages/translator.ts'
import { bedrockConverse } from '../bedrock-converse/translator.ts'
import { gemini } from '../gemini/translator.ts'
import { openAiChat } from '../openai-chat/translator.ts'
import { openAiCompletions } from '../openai-completions/translator.ts'
import { openAiResponses } from '../openai-responses/translator.ts'
import type { ClientTranslator, Translator } from './translator.ts'

/**
 * The dialects that can be translated, each into every other.
 *
 * One more is a folder of its name with `request-to-chat.ts`, `request-from-chat.ts`, `answer-to-chat.ts`, `answer-from-chat.ts`,
 * `stream-to-chat.ts`, `stream-from-chat.ts` and `rules.ts`, tied together in `translator.ts`; its `DialectFacts` in `dialect-of.ts`,
 * which also know how it tells of errors; and a line here. Tests go through this list: `round-trips.test.ts` asks what the
 * dialect can say.
 */
export const translators: readonly Translator[] = [openAiChat, openAiResponses, anthropicMessages, gemini, bedrockConverse]

/** Those of clients alone: what they ask is asked in another dialect. */
export const clientTranslators: readonly ClientTranslator[] = [...translators, openAiCompletions]

const byClient: ReadonlyMap<Dialect, ClientTranslator> = new Map(clientTranslators.map((one) => [one.dialect, one]))
const byDialect: ReadonlyMap<Dialect, Translator> = new Map(translators.map((one) => [one.dialect, one]))

/** How a client of this dialect is served. */
export function clientTranslatorOf(dialect: Dialect): ClientTranslator | undefined {
  return byClient.get(dialect)
}

/** How a provider of this dialect is asked, and a client served. */
export function translatorOf(dialect: Dialect): Translator | undefined {
  return byDialect.get(dialect)
}
