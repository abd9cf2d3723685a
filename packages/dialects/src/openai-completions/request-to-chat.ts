import { isRecord } from '../is-record.ts'
import { requestToChat as chatOf } from '../openai-chat/request-to-chat.ts'
import type { ChatRequest } from '../pivot/chat-request.ts'
import { malformed } from '../translate/errors.ts'
import type { Json } from '../translate/json.ts'
import { refuseMembers, refusal } from '../translate/rule.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { promptRule, requestToChatRules } from './rules.ts'

/** Members that a chat has under the same name. */
const same = ['model', 'max_tokens', 'temperature', 'top_p', 'n', 'stream', 'stream_options', 'stop', 'presence_penalty', 'frequency_penalty', 'logit_bias', 'seed', 'user'] as const

/** Reads a request of the old completions: https://platform.openai.com/docs/api-reference/completions */
export function requestToChat(body: Json, context: TranslationContext): ChatRequest {
  refuseMembers(requestToChatRules, body)
  const { logprobs, echo } = body
  const content = promptOf(body['prompt'])
  const asked: Json = { messages: [{ role: 'user', content }] }
  for (const name of same) if (body[name] !== undefined) asked[name] = body[name]
  if (logprobs !== undefined && logprobs !== null) {
    if (typeof logprobs !== 'number' || !Number.isInteger(logprobs) || logprobs < 0) throw malformed('logprobs is a whole number', 'logprobs')
    asked['logprobs'] = true
    if (logprobs > 0) asked['top_logprobs'] = logprobs
  }
  const chat = chatOf(asked, context)
  context.echoed = echo === true ? content : ''
  return chat
}

function promptOf(prompt: unknown): string {
  const first: unknown = Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : prompt
  if (typeof first === 'string' && first !== '') return first
  if (first === undefined || first === null || first === '' || isRecord(first)) throw malformed('missing prompt: a text', 'prompt')
  throw refusal(promptRule, 'prompt')
}
