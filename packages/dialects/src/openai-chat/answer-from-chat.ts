import type { ChatAnswer, ChatAnswerMessage, ChatChoice } from '../pivot/chat-answer.ts'
import type { Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'

/** Writes a whole chat completion, strictly as OpenAI's clients expect it; what was thought stands beside the content. */
export function answerFromChat(answer: ChatAnswer, { wantsFunctionCall }: TranslationContext): Json {
  const choices = answer.choices.map((choice) => (wantsFunctionCall ? withFunctionCall(choiceFor(choice), choice) : choiceFor(choice)))
  return { ...answer, choices, system_fingerprint: answer.system_fingerprint ?? null }
}

function choiceFor({ index, message, logprobs, finish_reason }: ChatChoice): Json {
  return { index, message: messageFor(message), logprobs, finish_reason }
}

/** The first call as clients knew it before there were tools. */
function withFunctionCall(written: Json, { message, finish_reason }: ChatChoice): Json {
  const [call] = message.tool_calls ?? []
  if (!call) return written
  const { tool_calls: _calls, ...others } = messageFor(message)
  return { ...written, message: { ...others, function_call: call.function }, finish_reason: finish_reason === 'tool_calls' ? 'function_call' : finish_reason }
}

function messageFor({ annotations, ...message }: ChatAnswerMessage): Json {
  const pages = (annotations ?? []).flatMap((one) => (one.type === 'url_citation' ? [{ type: one.type, url_citation: one.url_citation }] : []))
  return pages.length > 0 ? { ...message, annotations: pages } : { ...message }
}
