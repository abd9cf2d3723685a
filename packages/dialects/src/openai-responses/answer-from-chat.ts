import type { ChatAnswer } from '../pivot/chat-answer.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import type { Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { logprobsFromChat } from './logprobs.ts'
import { OutputItems } from './output-items.ts'
import { endOf, responseFor } from './response.ts'

/** Writes a whole response out of the first choice of a chat. */
export function answerFromChat({ id, created, model, service_tier, choices, usage }: ChatAnswer, context: TranslationContext): Json {
  const choice = choices.find(({ index }) => index === 0) ?? choices[0]
  if (!choice) throw new UpstreamNonsense('no choices in response')
  const { content, refusal, tool_calls: calls, reasoning_content, reasoning_details, annotations } = choice.message
  const items = new OutputItems(context)
  items.add(
    {
      ...(reasoning_content !== undefined && { reasoning_content }),
      ...(reasoning_details && { reasoning_details }),
      ...(content !== null && { content }),
      ...(annotations && { annotations }),
      ...(refusal !== null && { refusal }),
      ...(calls && { tool_calls: calls.map(({ id: call, function: { name, arguments: text } }, index) => ({ index, id: call, name, arguments: text })) }),
    },
    logprobsFromChat(choice.logprobs),
  )
  const end = endOf(choice.finish_reason)
  items.close(end.status === 'incomplete' ? 'incomplete' : 'completed')
  const head = { id, created_at: created, model, ...(service_tier !== undefined && { service_tier }) }
  return responseFor(head, { ...end, output: items.items, usage }, context)
}
