import type { ChatAnswer, ChatAnswerMessage, ChatChoice } from '../pivot/chat-answer.ts'
import type { ChatToolCall, ImagePart } from '../pivot/chat-request.ts'
import { dataUrl } from '../translate/data-url.ts'
import { objectIn, type Json } from '../translate/json.ts'
import { finishReasons } from './finish-reason.ts'
import { logprobsFromChat } from './logprobs.ts'
import { signedTexts, thoughtsFor } from './messages-from-chat.ts'
import { isGoogles, signatureIn } from './signature.ts'
import { usageFromChat } from './usage.ts'

/** Writes a whole answer for a client of Gemini's. */
export function answerFromChat({ id, model, choices, usage }: ChatAnswer): Json {
  return {
    candidates: choices.map(candidateFor),
    ...(usage && { usageMetadata: usageFromChat(usage) }),
    modelVersion: model,
    responseId: id,
  }
}

function candidateFor(choice: ChatChoice): Json {
  const { index, message } = choice
  return {
    content: { role: 'model', parts: [...reasoningFor(message), ...textsFor(message), ...(message.images ?? []).flatMap(pictureFor), ...callsFor(choice)] },
    finishReason: message.refusal === null ? finishReasons.toClient(choice) : 'SAFETY',
    index,
    ...logprobsFromChat(choice.logprobs),
  }
}

function reasoningFor({ reasoning_content: thought, reasoning_details: details = [] }: ChatAnswerMessage): Json[] {
  const own = thoughtsFor(details)
  return own.length > 0 || thought === undefined || thought === '' ? own : [{ text: thought, thought: true }]
}

function textsFor({ content, refusal, reasoning_details: details = [] }: ChatAnswerMessage): Json[] {
  return signedTexts([content ?? '', refusal ?? ''], details.filter(isGoogles))
}

/** A picture that the model made. */
export function pictureFor({ image_url: { url } }: ImagePart): Json[] {
  const data = dataUrl(url)
  return data ? [{ inlineData: { mimeType: data.media, data: data.base64 } }] : []
}

function callsFor({ message, finish_reason: finish }: ChatChoice): Json[] {
  return (message.tool_calls ?? []).flatMap((call) => callFor(call, finish === 'length'))
}

/** A call as a part; nothing for one that was cut off in the middle: there is nothing to run. */
export function callFor({ id, function: { name, arguments: text }, extra_content }: Omit<ChatToolCall, 'type'>, isCut: boolean): Json[] {
  const args = text.trim() === '' ? {} : objectIn(text)
  if (!args && isCut) return []
  const signature = signatureIn(extra_content)
  return [{ functionCall: { id, name, args: args ?? {} }, ...(signature !== undefined && { thoughtSignature: signature }) }]
}
