import type { Dialect } from '@sluice/provider'
import { anthropicMessages } from '../anthropic-messages/translator.ts'
import { openAiChat } from '../openai-chat/translator.ts'
import type { Translator } from './translator.ts'

/** The dialects that can be translated, each into every other. */
export const translators: readonly Translator[] = [openAiChat, anthropicMessages]

const byDialect: ReadonlyMap<Dialect, Translator> = new Map(translators.map((one) => [one.dialect, one]))

export function translatorOf(dialect: Dialect): Translator | undefined {
  return byDialect.get(dialect)
}
