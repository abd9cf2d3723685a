import type { ChatAnswer, ChatAnswerMessage, ChatChoice } from '../pivot/chat-answer.ts'
import { isAnthropics } from '../pivot/reasoning.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import { objectIn, type Json } from '../translate/json.ts'
import { citationsFor } from './citations.ts'
import { stopReasons } from './stop-reason.ts'
import { usageFromChat } from './usage.ts'

/** Writes a whole message of Anthropic's out of the first choice of a chat. */
export function answerFromChat({ id, model, choices, usage, service_tier }: ChatAnswer): Json {
  const choice = choices.find(({ index }) => index === 0) ?? choices[0]
  if (!choice) throw new UpstreamNonsense('no choices in response')
  return {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: [...thoughtsFor(choice.message), ...textsFor(choice.message), ...callsFor(choice)],
    stop_reason: choice.message.refusal === null ? stopReasons.toClient(choice) : 'refusal',
    stop_sequence: choice.stop_sequence ?? null,
    usage: usageFromChat(usage, service_tier),
  }
}

function thoughtsFor({ reasoning_content, reasoning_details }: ChatAnswerMessage): Json[] {
  const details = (reasoning_details ?? []).filter(isAnthropics)
  const blocks = details.flatMap((detail): Json[] => {
    if (detail.type === 'reasoning.encrypted') return [{ type: 'redacted_thinking', data: detail.data }]
    if (detail.type !== 'reasoning.text') return []
    return [{ type: 'thinking', thinking: detail.text ?? '', signature: detail.signature ?? '' }]
  })
  if (blocks.some(({ type }) => type === 'thinking') || reasoning_content === undefined) return blocks
  return [{ type: 'thinking', thinking: reasoning_content, signature: '' }, ...blocks]
}

function textsFor({ content, refusal, annotations }: ChatAnswerMessage): Json[] {
  const texts: Json[] = []
  if (content !== null && content !== '') {
    const citations = citationsFor(annotations ?? [])
    texts.push({ type: 'text', text: content, ...(citations.length > 0 && { citations }) })
  }
  if (refusal !== null && refusal !== '') texts.push({ type: 'text', text: refusal })
  return texts
}

function callsFor({ message, finish_reason }: ChatChoice): Json[] {
  return (message.tool_calls ?? []).flatMap(({ id, function: { name, arguments: text } }) => {
    const input = text.trim() === '' ? {} : objectIn(text)
    // Cut off in the middle: there is nothing to run.
    if (!input && finish_reason === 'length') return []
    return [{ type: 'tool_use', id, name, input: input ?? {} }]
  })
}
