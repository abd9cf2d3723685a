import { isRecord } from '../is-record.ts'
import type { Annotation, ChatAnswer, ChatAnswerMessage, ChatChoice } from '../pivot/chat-answer.ts'
import type { ChatToolCall } from '../pivot/chat-request.ts'
import { anthropicFormat, type ReasoningDetail } from '../pivot/reasoning.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { annotationOf } from './citations.ts'
import { serviceTierOf } from './service-tier.ts'
import { stopReasons } from './stop-reason.ts'
import { usageToChat } from './usage.ts'

/** Reads a whole message of Anthropic's. */
export function answerToChat(body: Json, context: TranslationContext): ChatAnswer {
  const { content, stop_reason: reason, usage } = body
  if (!Array.isArray(content)) throw new UpstreamNonsense('no content in response')
  const message = messageOf(content.filter(isRecord), context)
  const hasCalls = (message.tool_calls?.length ?? 0) > 0
  const choice: ChatChoice = { index: 0, message, logprobs: null, finish_reason: stopReasons.toChat(textIn(reason) ?? '', hasCalls) }
  if (textIn(reason) !== undefined) choice.native_finish_reason = String(reason)
  const stop = body['stop_sequence']
  if (typeof stop === 'string') choice.stop_sequence = stop
  const answer: ChatAnswer = {
    id: textIn(body['id']) ?? context.newId('chatcmpl-'),
    object: 'chat.completion',
    created: context.options.now(),
    model: textIn(body['model']) ?? context.model,
    choices: [choice],
  }
  if (isRecord(usage)) {
    answer.usage = usageToChat(usage)
    const tier = serviceTierOf(usage)
    if (tier !== undefined) answer.service_tier = tier
  }
  return answer
}

function messageOf(blocks: readonly Json[], context: TranslationContext): ChatAnswerMessage {
  let text = ''
  let thought = ''
  const calls: ChatToolCall[] = []
  const details: ReasoningDetail[] = []
  const annotations: Annotation[] = []
  for (const block of blocks) {
    if (block['type'] === 'text' && typeof block['text'] === 'string') {
      const start = text.length
      text += block['text']
      const cited = Array.isArray(block['citations']) ? block['citations'].filter(isRecord) : []
      annotations.push(...cited.map((citation) => annotationOf(citation, start, text.length)))
    } else if (block['type'] === 'thinking') {
      const piece = textIn(block['thinking']) ?? ''
      thought += piece
      details.push({ type: 'reasoning.text', text: piece, signature: textIn(block['signature']) ?? '', format: anthropicFormat, index: details.length })
    } else if (block['type'] === 'redacted_thinking' && typeof block['data'] === 'string') {
      details.push({ type: 'reasoning.encrypted', data: block['data'], format: anthropicFormat, index: details.length })
    } else if (block['type'] === 'tool_use') calls.push(callOf(block, context))
  }
  const message: ChatAnswerMessage = { role: 'assistant', content: text === '' && calls.length > 0 ? null : text, refusal: null }
  if (calls.length > 0) message.tool_calls = calls
  if (annotations.length > 0) message.annotations = annotations
  if (thought !== '') message.reasoning_content = thought
  if (details.length > 0) message.reasoning_details = details
  return message
}

function callOf(block: Json, context: TranslationContext): ChatToolCall {
  const name = textIn(block['name'])
  if (name === undefined) throw new UpstreamNonsense('a tool_use block without a name')
  return {
    id: textIn(block['id']) ?? context.newId('call_'),
    type: 'function',
    function: { name: context.toolNames.toClient(name), arguments: JSON.stringify(isRecord(block['input']) ? block['input'] : {}) },
  }
}
