import type { ClientTranslator } from '../translate/translator.ts'
import { answerFromChat } from './answer-from-chat.ts'
import { requestToChat } from './request-to-chat.ts'
import { answerRules, requestToChatRules } from './rules.ts'
import { CompletionsStreamFromChat } from './stream-from-chat.ts'

/** The completions that OpenAI had before its chat. Clients still ask for them; no provider is asked so. */
export const openAiCompletions: ClientTranslator = {
  dialect: 'openai-completions',
  requestToChat,
  answerFromChat,
  streamFromChat: (context) => new CompletionsStreamFromChat(context),
  rules: { requestToChat: requestToChatRules, answers: answerRules },
}
