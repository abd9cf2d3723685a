import type { Translator } from '../translate/translator.ts'
import { answerFromChat } from './answer-from-chat.ts'
import { answerToChat } from './answer-to-chat.ts'
import { requestFromChat } from './request-from-chat.ts'
import { requestToChat } from './request-to-chat.ts'
import { answerRules, requestFromChatRules, requestToChatRules } from './rules.ts'
import { GeminiStreamFromChat } from './stream-from-chat.ts'
import { GeminiStreamToChat } from './stream-to-chat.ts'

/** Google's Gemini: https://ai.google.dev/api/generate-content */
export const gemini: Translator = {
  dialect: 'gemini',
  requestToChat,
  requestFromChat,
  answerToChat,
  answerFromChat,
  streamToChat: (context) => new GeminiStreamToChat(context),
  streamFromChat: (context) => new GeminiStreamFromChat(context),
  rules: { requestToChat: requestToChatRules, requestFromChat: requestFromChatRules, answers: answerRules },
}
