import type { Translator } from '../translate/translator.ts'
import { answerFromChat } from './answer-from-chat.ts'
import { answerToChat } from './answer-to-chat.ts'
import { requestFromChat } from './request-from-chat.ts'
import { requestToChat } from './request-to-chat.ts'
import { answerRules, requestFromChatRules, requestToChatRules } from './rules.ts'
import { ResponsesStreamFromChat } from './stream-from-chat.ts'
import { ResponsesStreamToChat } from './stream-to-chat.ts'

/** OpenAI's Responses: https://platform.openai.com/docs/api-reference/responses */
export const openAiResponses: Translator = {
  dialect: 'openai-responses',
  requestToChat,
  requestFromChat,
  answerToChat,
  answerFromChat,
  streamToChat: (context) => new ResponsesStreamToChat(context),
  streamFromChat: (context) => new ResponsesStreamFromChat(context),
  rules: { requestToChat: requestToChatRules, requestFromChat: requestFromChatRules, answers: answerRules },
}
