import type { Translator } from '../translate/translator.ts'
import { answerFromChat } from './answer-from-chat.ts'
import { answerToChat } from './answer-to-chat.ts'
import { requestFromChat } from './request-from-chat.ts'
import { requestToChat } from './request-to-chat.ts'
import { answerRules, requestFromChatRules, requestToChatRules } from './rules.ts'
import { AnthropicStreamFromChat } from './stream-from-chat.ts'
import { AnthropicStreamToChat } from './stream-to-chat.ts'

/** Anthropic's Messages: https://docs.anthropic.com/en/api/messages */
export const anthropicMessages: Translator = {
  dialect: 'anthropic-messages',
  requestToChat,
  requestFromChat,
  answerToChat,
  answerFromChat,
  streamToChat: (context) => new AnthropicStreamToChat(context),
  streamFromChat: (context) => new AnthropicStreamFromChat(context),
  rules: { requestToChat: requestToChatRules, requestFromChat: requestFromChatRules, answers: answerRules },
}
