import type { ChatRequest } from '../pivot/chat-request.ts'
import { budgetOf } from '../translate/effort.ts'
import type { Json } from '../translate/json.ts'
import type { ModelTraits } from './models.ts'

/** How a request says how much to think, and what follows from it. */
export interface Thinking {
  readonly maxTokens: number
  /** `thinking`, where it is said at all. */
  readonly control?: Json
  /** `output_config.effort`. */
  readonly effort?: string
  /** It will think: sampling cannot be set. */
  readonly isOn: boolean
}

const least = 1024

/**
 * Decides on thinking by what Anthropic allows: a budget below `max_tokens`, no forced tool, nothing missing in calls under
 * way. `isMissing`: what was thought before the calls that wait for their results.
 */
export function thinkingFor(chat: ChatRequest, isMissing: boolean, fallback: number, traits: ModelTraits): Thinking {
  const given = chat.max_completion_tokens
  const { thinking, reasoning_effort: word } = chat
  const off: Thinking = { maxTokens: given ?? fallback, isOn: false }
  const budget = thinking?.type === 'enabled' ? thinking.budget_tokens : budgetOf(word)
  if (thinking?.type === 'disabled') return { ...off, control: { type: 'disabled' } }
  if (budget === undefined && thinking?.type !== 'adaptive') return off
  if (isForced(chat) || isMissing) return off
  if (thinking?.type === 'adaptive' || traits.adaptiveOnly || (traits.takesAdaptive && thinking === undefined)) {
    return { maxTokens: given ?? fallback, control: { type: 'adaptive' }, ...effortFor(word, traits), isOn: true }
  }
  const wanted = Math.max(least, budget ?? least)
  const maxTokens = given ?? fallback + wanted
  const allowed = Math.min(wanted, maxTokens - 1)
  if (allowed < least) return off
  return { maxTokens, control: { type: 'enabled', budget_tokens: allowed }, ...(thinking === undefined && effortFor(word, traits)), isOn: true }
}

function effortFor(word: string | undefined, { takesEffort }: ModelTraits): { effort?: string } {
  return takesEffort && word !== undefined ? { effort: word === 'minimal' ? 'low' : word } : {}
}

function isForced({ tool_choice: choice }: ChatRequest): boolean {
  return choice === 'required' || typeof choice === 'object'
}

/** Calls that wait for the model to go on must begin with what it thought; Anthropic refuses to think otherwise. */
export function lacksThinking(messages: readonly Json[]): boolean {
  const content = messages.findLast(({ role }) => role === 'assistant')?.['content']
  if (!Array.isArray(content)) return false
  const types = content.map(({ type }: Json) => type)
  return types.includes('tool_use') && types[0] !== 'thinking' && types[0] !== 'redacted_thinking' && endsWithResults(messages)
}

function endsWithResults(messages: readonly Json[]): boolean {
  const content = messages.at(-1)?.['content']
  return Array.isArray(content) && content.some(({ type }: Json) => type === 'tool_result')
}
