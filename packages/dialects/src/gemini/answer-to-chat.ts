import { isRecord } from '../is-record.ts'
import type { ChatAnswer, ChatAnswerMessage, ChatChoice } from '../pivot/chat-answer.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import { countIn, textIn, type Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { annotationsOf } from './annotations.ts'
import { CandidateParts } from './candidate-parts.ts'
import { finishReasons } from './finish-reason.ts'
import { logprobsToChat } from './logprobs.ts'
import { member } from './member.ts'
import { tierOf } from './service-tier.ts'
import { usageToChat } from './usage.ts'

/** Reads a whole answer of Gemini's. A prompt that was blocked is an answer too, with nothing in it. */
export function answerToChat(body: Json, context: TranslationContext): ChatAnswer {
  const id = textIn(member(body, 'responseId')) ?? context.newId('chatcmpl-')
  const { candidates } = body
  const all = Array.isArray(candidates) ? candidates.filter(isRecord) : []
  const blocked = blockReasonOf(body)
  if (all.length === 0 && blocked === undefined) throw new UpstreamNonsense('no candidates in response')
  const answer: ChatAnswer = {
    id,
    object: 'chat.completion',
    created: context.options.now(),
    model: textIn(member(body, 'modelVersion')) ?? context.model,
    choices: all.length === 0 ? [blockedChoice(blocked)] : all.map((candidate, position) => choiceOf(candidate, position, id, context)),
  }
  const usage = member(body, 'usageMetadata')
  if (isRecord(usage)) answer.usage = usageToChat(usage)
  const tier = tierOf(usage)
  if (tier !== undefined) answer.service_tier = tier
  return answer
}

/** Why a prompt was blocked; undefined where it was not. */
export function blockReasonOf(body: Json): string | undefined {
  const feedback = member(body, 'promptFeedback')
  return isRecord(feedback) ? textIn(member(feedback, 'blockReason')) : undefined
}

function blockedChoice(reason: string | undefined): ChatChoice {
  const choice: ChatChoice = { index: 0, message: { role: 'assistant', content: '', refusal: null }, logprobs: null, finish_reason: 'content_filter' }
  if (reason !== undefined) choice.native_finish_reason = reason
  return choice
}

/** The number of a candidate: Vertex leaves it out. */
export function indexOf(candidate: Json, position: number): number {
  return typeof candidate['index'] === 'number' ? countIn(candidate['index']) : position
}

/** The parts of a candidate, which may have no content at all. */
export function partsOf({ content }: Json): Json[] {
  return isRecord(content) && Array.isArray(content['parts']) ? content['parts'].filter(isRecord) : []
}

function choiceOf(candidate: Json, position: number, id: string, context: TranslationContext): ChatChoice {
  const index = indexOf(candidate, position)
  const message = messageOf(candidate, new CandidateParts(context, index), id)
  const reason = textIn(member(candidate, 'finishReason'))
  const choice: ChatChoice = {
    index,
    message,
    logprobs: logprobsToChat(member(candidate, 'logprobsResult')),
    finish_reason: finishReasons.toChat(reason ?? '', message.tool_calls !== undefined),
  }
  if (reason !== undefined) choice.native_finish_reason = reason
  return choice
}

function messageOf(candidate: Json, parts: CandidateParts, id: string): ChatAnswerMessage {
  const message: ChatAnswerMessage = { role: 'assistant', content: null, refusal: null }
  for (const told of partsOf(candidate).flatMap((part) => parts.read(part, id))) {
    if ('text' in told) message.content = (message.content ?? '') + told.text
    if ('call' in told) (message.tool_calls ??= []).push(told.call)
    if ('image' in told) (message.images ??= []).push(told.image)
    if ('thought' in told && told.thought !== '') message.reasoning_content = (message.reasoning_content ?? '') + told.thought
    if ('detail' in told) addDetail((message.reasoning_details ??= []), told.detail)
  }
  if (!message.tool_calls) message.content ??= ''
  const annotations = annotationsOf(member(candidate, 'groundingMetadata'), message.content ?? '')
  if (annotations.length > 0) message.annotations = annotations
  return message
}

/** A thought may come in several parts. */
function addDetail(details: NonNullable<ChatAnswerMessage['reasoning_details']>, detail: (typeof details)[number]): void {
  const last = details.at(-1)
  if (last?.type !== 'reasoning.text' || detail.type !== 'reasoning.text' || last.index !== detail.index) return void details.push(detail)
  last.text = (last.text ?? '') + (detail.text ?? '')
  if (detail.signature) last.signature = detail.signature
}
