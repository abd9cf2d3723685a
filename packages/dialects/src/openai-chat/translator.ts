import type { Translator } from '../translate/translator.ts'
import { answerFromChat } from './answer-from-chat.ts'
import { answerToChat } from './answer-to-chat.ts'
import { requestFromChat } from './request-from-chat.ts'
import { requestToChat } from './request-to-chat.ts'
import { answerRules, requestFromChatRules, requestToChatRules } from './rules.ts'
import { ChatStreamFromChat } from './stream-from-chat.ts'
import { ChatStreamToChat } from './stream-to-chat.ts'

/** OpenAI's chat as others say it, and strictly as OpenAI does. */
export const openAiChat: Translator = {
  dialect: 'openai-chat',
  requestToChat,
  requestFromChat,
  answerToChat,
  answerFromChat,
  streamToChat: (context) => new ChatStreamToChat(context),
  streamFromChat: (context) => new ChatStreamFromChat(context),
  rules: { requestToChat: requestToChatRules, requestFromChat: requestFromChatRules, answers: answerRules },
}
