import { isRecord } from '../is-record.ts'
import type { Annotation, ChatAnswer, ChatAnswerMessage, ChatChoice } from '../pivot/chat-answer.ts'
import type { ChatToolCall } from '../pivot/chat-request.ts'
import { textOfDetail } from '../pivot/reasoning.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import { countIn, textIn, type Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { argumentsOf, textOfContent, thoughtOf } from './content-to-chat.ts'
import { finishReasonOf, finishWord } from './finish-reason.ts'
import { detailsOf } from './reasoning-to-chat.ts'
import { serviceTierOf } from './service-tier.ts'
import { usageToChat } from './usage-to-chat.ts'

/** Reads a whole chat completion, OpenAI's or that of any server which is nearly compatible. */
export function answerToChat(body: Json, context: TranslationContext): ChatAnswer {
  const { choices } = body
  if (!Array.isArray(choices) || choices.length === 0) throw new UpstreamNonsense('no choices in response')
  const answer: ChatAnswer = {
    id: textIn(body['id']) ?? context.newId('chatcmpl-'),
    object: 'chat.completion',
    created: countIn(body['created']) || context.options.now(),
    model: textIn(body['model']) ?? context.model,
    choices: choices.filter(isRecord).map((choice, index) => choiceOf(choice, index, context)),
  }
  const usage = usageToChat(body)
  if (usage) answer.usage = usage
  const tier = serviceTierOf(body['service_tier'])
  if (tier !== undefined) answer.service_tier = tier
  const fingerprint = textIn(body['system_fingerprint'])
  if (fingerprint !== undefined) answer.system_fingerprint = fingerprint
  return answer
}

function choiceOf(choice: Json, position: number, context: TranslationContext): ChatChoice {
  // Azure leaves the message out of a choice that its filter has blocked.
  const message = messageOf(isRecord(choice['message']) ? choice['message'] : {}, context)
  const word = finishWord(choice['finish_reason']) ?? 'stop'
  const read: ChatChoice = {
    index: typeof choice['index'] === 'number' ? countIn(choice['index']) : position,
    message,
    logprobs: isRecord(choice['logprobs']) ? choice['logprobs'] : null,
    finish_reason: finishReasonOf(word, (message.tool_calls?.length ?? 0) > 0),
  }
  const native = textIn(choice['native_finish_reason'])
  if (native !== undefined) read.native_finish_reason = native
  return read
}

function messageOf(message: Json, context: TranslationContext): ChatAnswerMessage {
  const calls = callsOf(message, context)
  const text = textOfContent(message['content'])
  const refusal = textIn(message['refusal']) ?? null
  const read: ChatAnswerMessage = {
    role: 'assistant',
    content: text === '' && (calls.length > 0 || refusal !== null || isRecord(message['audio'])) ? null : text,
    refusal,
  }
  if (calls.length > 0) read.tool_calls = calls
  const annotations = annotationsOf(message['annotations'])
  if (annotations.length > 0) read.annotations = annotations
  if (isRecord(message['audio'])) read.audio = message['audio']
  const details = detailsOf(message['reasoning_details'])
  const thought = thoughtOf(message) || details.map(textOfDetail).join('')
  if (thought !== '') read.reasoning_content = thought
  if (details.length > 0) read.reasoning_details = details
  return read
}

function callsOf(message: Json, context: TranslationContext): ChatToolCall[] {
  const { tool_calls: calls, function_call: legacy } = message
  const all: unknown[] = Array.isArray(calls) ? [...calls] : []
  if (isRecord(legacy)) all.unshift({ function: legacy })
  return all.filter(isRecord).map((call) => callOf(call, context))
}

function callOf(call: Json, context: TranslationContext): ChatToolCall {
  const own = isRecord(call['function']) ? call['function'] : {}
  const name = textIn(own['name'])
  if (name === undefined) throw new UpstreamNonsense('a tool call without the name of its function')
  const read: ChatToolCall = {
    id: textIn(call['id']) ?? context.newId('call_'),
    type: 'function',
    function: { name: context.toolNames.toClient(name), arguments: argumentsOf(own['arguments']) },
  }
  if (isRecord(call['extra_content'])) read.extra_content = call['extra_content']
  return read
}

/** Citations of pages; whatever else a server calls so is left out. */
export function annotationsOf(value: unknown): Annotation[] {
  if (!Array.isArray(value)) return []
  return value.filter(isRecord).flatMap((one): Annotation[] => {
    const cited = one['url_citation']
    if (one['type'] !== 'url_citation' || !isRecord(cited)) return []
    const url = textIn(cited['url'])
    if (url === undefined) return []
    const { start_index, end_index, title } = cited
    return [
      {
        type: 'url_citation',
        url_citation: { url, title: textIn(title) ?? url, start_index: countIn(start_index), end_index: countIn(end_index) },
      },
    ]
  })
}
