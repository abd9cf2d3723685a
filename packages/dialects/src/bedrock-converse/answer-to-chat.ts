import { isRecord } from '../is-record.ts'
import type { ChatAnswer, ChatAnswerMessage, ChatChoice } from '../pivot/chat-answer.ts'
import type { ChatToolCall } from '../pivot/chat-request.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { annotationOf } from './citations.ts'
import { answeredPicture } from './media.ts'
import { reasoningOf } from './reasoning.ts'
import { tierOf } from './service-tier.ts'
import { stopReasons, stopSequenceIn } from './stop-reason.ts'
import { usageToChat } from './usage.ts'

/** Reads a whole answer of Converse. It has no id, and does not name its model. */
export function answerToChat(body: Json, context: TranslationContext): ChatAnswer {
  const { output, stopReason, usage } = body
  const said = isRecord(output) ? output['message'] : undefined
  if (!isRecord(said) || !Array.isArray(said['content'])) throw new UpstreamNonsense('no message in response')
  const message = messageOf(said['content'].filter(isRecord), context)
  const reason = textIn(stopReason)
  const choice: ChatChoice = {
    index: 0,
    message,
    logprobs: null,
    finish_reason: stopReasons.toChat(reason ?? '', message.tool_calls !== undefined),
    ...(reason !== undefined && { native_finish_reason: reason }),
    ...stopSequenceIn(body['additionalModelResponseFields']),
  }
  return {
    id: context.newId('chatcmpl-'),
    object: 'chat.completion',
    created: context.options.now(),
    model: context.model,
    choices: [choice],
    ...(isRecord(usage) && { usage: usageToChat(usage) }),
    ...tierOf(body['serviceTier']),
  }
}

function messageOf(blocks: readonly Json[], context: TranslationContext): ChatAnswerMessage {
  const message: ChatAnswerMessage = { role: 'assistant', content: null, refusal: null }
  for (const block of blocks) {
    if (typeof block['text'] === 'string') message.content = (message.content ?? '') + block['text']
    else if (isRecord(block['citationsContent'])) addCited(message, block['citationsContent'])
    else if (isRecord(block['toolUse'])) addCall(message, block['toolUse'], context)
    else if (isRecord(block['reasoningContent'])) addThought(message, block['reasoningContent'])
    else {
      const picture = answeredPicture(block)
      if (picture) (message.images ??= []).push(picture)
    }
  }
  if (message.content === '' && message.tool_calls) message.content = null
  if (!message.tool_calls) message.content ??= ''
  return message
}

function addCited(message: ChatAnswerMessage, { content, citations }: Json): void {
  const before = message.content ?? ''
  const texts = Array.isArray(content) ? content.filter(isRecord).map(({ text }) => (typeof text === 'string' ? text : '')) : []
  message.content = before + texts.join('')
  const cited = Array.isArray(citations) ? citations.filter(isRecord) : []
  for (const citation of cited) (message.annotations ??= []).push(annotationOf(citation, before.length, message.content.length))
}

/** Tools that Bedrock runs are none of the client's. */
function addCall(message: ChatAnswerMessage, toolUse: Json, context: TranslationContext): void {
  if (toolUse['type'] === 'server_tool_use') return
  const name = textIn(toolUse['name'])
  if (name === undefined) throw new UpstreamNonsense('a toolUse without a name')
  const call: ChatToolCall = {
    id: textIn(toolUse['toolUseId']) ?? context.newId('call_'),
    type: 'function',
    function: { name: context.toolNames.toClient(name), arguments: JSON.stringify(isRecord(toolUse['input']) ? toolUse['input'] : {}) },
  }
  ;(message.tool_calls ??= []).push(call)
}

function addThought(message: ChatAnswerMessage, content: Json): void {
  const details = message.reasoning_details ?? []
  const detail = reasoningOf(content, details.length)
  if (!detail) return
  message.reasoning_details = [...details, detail]
  if (detail.type === 'reasoning.text' && detail.text) message.reasoning_content = (message.reasoning_content ?? '') + detail.text
}
