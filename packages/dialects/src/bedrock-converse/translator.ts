import type { Translator } from '../translate/translator.ts'
import { answerFromChat } from './answer-from-chat.ts'
import { answerToChat } from './answer-to-chat.ts'
import { requestFromChat } from './request-from-chat.ts'
import { requestToChat } from './request-to-chat.ts'
import { answerRules, requestFromChatRules, requestToChatRules } from './rules.ts'
import { BedrockStreamFromChat } from './stream-from-chat.ts'
import { BedrockStreamToChat } from './stream-to-chat.ts'

/** Amazon Bedrock's Converse: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html */
export const bedrockConverse: Translator = {
  dialect: 'bedrock-converse',
  requestToChat,
  requestFromChat,
  answerToChat,
  answerFromChat,
  streamToChat: (context) => new BedrockStreamToChat(context),
  streamFromChat: (context) => new BedrockStreamFromChat(context),
  rules: { requestToChat: requestToChatRules, requestFromChat: requestFromChatRules, answers: answerRules },
}
