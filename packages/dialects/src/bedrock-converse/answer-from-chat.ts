import type { ChatAnswer, ChatAnswerMessage, ChatChoice } from '../pivot/chat-answer.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import { objectIn, type Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { madePicture } from './media.ts'
import { metricsFor } from './metrics.ts'
import { reasoningBlocks, reasoningFor } from './reasoning.ts'
import { tierFor } from './service-tier.ts'
import { stopReasons, stopSequenceFor } from './stop-reason.ts'
import { usageFromChat } from './usage.ts'

/** Writes a whole answer of Converse out of the first choice of a chat. */
export function answerFromChat({ choices, usage, service_tier: tier }: ChatAnswer, context: TranslationContext): Json {
  const choice = choices.find(({ index }) => index === 0) ?? choices[0]
  if (!choice) throw new UpstreamNonsense('no choices in response')
  const { message } = choice
  const content = [...thoughtsFor(message), ...textsFor(message), ...(message.images ?? []).flatMap(madePicture), ...callsFor(choice)]
  return {
    output: { message: { role: 'assistant', content } },
    stopReason: message.refusal === null ? stopReasons.toClient(choice) : 'content_filtered',
    usage: usageFromChat(usage),
    metrics: metricsFor(context),
    ...stopSequenceFor(choice.stop_sequence),
    ...tierFor(tier),
  }
}

function thoughtsFor({ reasoning_content: thought, reasoning_details: details = [] }: ChatAnswerMessage): Json[] {
  const own = reasoningBlocks(details, true)
  const isTold = own.some(({ reasoningContent: content }) => 'reasoningText' in (content as Json))
  return isTold || thought === undefined || thought === '' ? own : [reasoningFor(thought), ...own]
}

function textsFor({ content, refusal }: ChatAnswerMessage): Json[] {
  return [content, refusal].flatMap((text) => (text === null || text === '' ? [] : [{ text }]))
}

function callsFor({ message, finish_reason: finish }: ChatChoice): Json[] {
  return (message.tool_calls ?? []).flatMap(({ id, function: { name, arguments: text } }) => {
    const input = text.trim() === '' ? {} : objectIn(text)
    // Cut off in the middle: there is nothing to run.
    if (!input && finish === 'length') return []
    return [{ toolUse: { toolUseId: id, name, input: input ?? {} } }]
  })
}
