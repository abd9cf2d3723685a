import type { ChatAnswer, ChatChoice, FinishReason } from '../pivot/chat-answer.ts'
import type { Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { logprobsFromChat } from './logprobs.ts'

/** Writes a whole text completion. */
export function answerFromChat({ id, created, model, choices, usage, system_fingerprint }: ChatAnswer, { echoed }: TranslationContext): Json {
  return {
    id,
    object: 'text_completion',
    created,
    model,
    choices: choices.map((choice) => choiceFor(choice, echoed)),
    ...(usage && { usage }),
    ...(system_fingerprint !== undefined && { system_fingerprint }),
  }
}

function choiceFor({ index, message, logprobs, finish_reason }: ChatChoice, echoed: string): Json {
  const text = echoed + (message.content ?? '') + (message.refusal ?? '')
  return { text, index, logprobs: logprobsFromChat(logprobs, echoed.length), finish_reason: reasonFor(finish_reason) }
}

/** Nobody asked for tools: whatever called one has stopped. */
export function reasonFor(reason: FinishReason): Exclude<FinishReason, 'tool_calls'> {
  return reason === 'tool_calls' ? 'stop' : reason
}
