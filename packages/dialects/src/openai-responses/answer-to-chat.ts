import { isRecord } from '../is-record.ts'
import { errorOfResponse } from '../responses-stream.ts'
import { serviceTierOf } from '../openai-chat/service-tier.ts'
import type { Annotation, ChatAnswer, ChatAnswerMessage } from '../pivot/chat-answer.ts'
import type { ChatToolCall } from '../pivot/chat-request.ts'
import type { ReasoningDetail } from '../pivot/reasoning.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import { countIn, textIn, type Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { annotationOf } from './citations.ts'
import { logprobsToChat } from './logprobs.ts'
import { betweenParts, reasoningToChat, thoughtOf } from './reasoning-to-chat.ts'
import { finishReasonOf } from './response.ts'
import { usageToChat } from './usage.ts'

/** Reads a whole response. */
export function answerToChat(body: Json, context: TranslationContext): ChatAnswer {
  const { output, status, incomplete_details: details, usage } = body
  if (status === 'failed' || isRecord(body['error'])) throw new UpstreamNonsense(errorOfResponse(body).message, 'upstream_failed')
  if (!Array.isArray(output)) throw new UpstreamNonsense('no output in response')
  if (status === 'in_progress' || status === 'queued' || status === 'cancelled') throw new UpstreamNonsense(`the response is ${status}, not completed`)
  const { logprobs, message } = messageOf(output.filter(isRecord), context)
  const reason = isRecord(details) ? details['reason'] : undefined
  const answer: ChatAnswer = {
    id: textIn(body['id']) ?? context.newId('chatcmpl-'),
    object: 'chat.completion',
    created: countIn(body['created_at']) || context.options.now(),
    model: textIn(body['model']) ?? context.model,
    choices: [{ index: 0, message, logprobs: logprobsToChat(logprobs), finish_reason: finishReasonOf(status, reason, (message.tool_calls?.length ?? 0) > 0) }],
  }
  if (isRecord(usage)) answer.usage = usageToChat(usage)
  const tier = serviceTierOf(body['service_tier'])
  if (tier !== undefined) answer.service_tier = tier
  return answer
}

interface Read {
  text: string
  refusal: string
  readonly annotations: Annotation[]
  readonly logprobs: unknown[]
}

function messageOf(items: readonly Json[], context: TranslationContext): { message: ChatAnswerMessage; logprobs: unknown[] } {
  const read: Read = { text: '', refusal: '', annotations: [], logprobs: [] }
  const calls: ChatToolCall[] = []
  const details: ReasoningDetail[] = []
  for (const item of items) {
    if (item['type'] === 'message') addMessage(read, item['content'])
    else if (item['type'] === 'function_call') calls.push(callOf(item, context))
    else if (item['type'] === 'reasoning') details.push(...reasoningToChat(item, details.length))
  }
  const isSilent = read.text === '' && (calls.length > 0 || read.refusal !== '')
  const message: ChatAnswerMessage = { role: 'assistant', content: isSilent ? null : read.text, refusal: read.refusal === '' ? null : read.refusal }
  if (calls.length > 0) message.tool_calls = calls
  if (read.annotations.length > 0) message.annotations = read.annotations
  const thought = thoughtOf(details)
  if (thought !== '') message.reasoning_content = thought
  if (details.length > 0) message.reasoning_details = details
  return { message, logprobs: read.logprobs }
}

/** Messages have an empty line between them, the parts of one have not. */
function addMessage(read: Read, content: unknown): void {
  const parts = Array.isArray(content) ? content.filter(isRecord) : []
  let isFirst = true
  for (const part of parts) {
    const text = part['type'] === 'output_text' ? textIn(part['text']) : undefined
    if (text !== undefined) {
      if (isFirst && read.text !== '') read.text += betweenParts
      isFirst = false
    }
    if (part['type'] === 'output_text') {
      const cited = Array.isArray(part['annotations']) ? part['annotations'].filter(isRecord) : []
      read.annotations.push(...cited.flatMap((one) => annotationOf(one, read.text.length)))
      if (Array.isArray(part['logprobs'])) read.logprobs.push(...part['logprobs'])
      read.text += text ?? ''
    } else if (part['type'] === 'refusal') read.refusal += textIn(part['refusal']) ?? ''
  }
}

function callOf(item: Json, context: TranslationContext): ChatToolCall {
  const name = textIn(item['name'])
  if (name === undefined) throw new UpstreamNonsense('a function_call without a name')
  const { arguments: text } = item
  return {
    id: textIn(item['call_id']) ?? textIn(item['id']) ?? context.newId('call_'),
    type: 'function',
    function: { name: context.toolNames.toClient(name), arguments: typeof text === 'string' ? text : JSON.stringify(text ?? {}) },
  }
}
