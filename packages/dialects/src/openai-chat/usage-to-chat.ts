import { isRecord } from '../is-record.ts'
import type { ChatUsage } from '../pivot/chat-answer.ts'
import { countIn } from '../translate/json.ts'

/** Reads usage wherever a compatible server puts it: in `usage`, or with Groq in `x_groq.usage`. */
export function usageToChat(body: Record<string, unknown>): ChatUsage | undefined {
  const groq = body['x_groq']
  const raw = isRecord(body['usage']) ? body['usage'] : isRecord(groq) && groq['usage']
  if (!isRecord(raw)) return undefined
  const prompt_tokens = countIn(raw['prompt_tokens'])
  const completion_tokens = countIn(raw['completion_tokens'])
  const prompt = recordOf(raw['prompt_tokens_details'])
  const completion = recordOf(raw['completion_tokens_details'])
  const usage: ChatUsage = {
    prompt_tokens,
    completion_tokens,
    // Some count what was thought beside the completion: their total is theirs.
    total_tokens: countIn(raw['total_tokens']) || prompt_tokens + completion_tokens,
    prompt_tokens_details: {
      cached_tokens: countIn(prompt['cached_tokens'] ?? raw['prompt_cache_hit_tokens']),
      cache_write_tokens: countIn(prompt['cache_write_tokens'] ?? prompt['cache_creation_input_tokens']),
    },
  }
  const reasoning = completion['reasoning_tokens']
  if (typeof reasoning === 'number') usage.completion_tokens_details = { reasoning_tokens: countIn(reasoning) }
  return usage
}

function recordOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {}
}
