import type { ChatRequest, ThinkingControl } from '../pivot/chat-request.ts'
import { budgetOf, effortOf } from '../translate/effort.ts'
import { numberIn, textIn, type Json } from '../translate/json.ts'
import { member } from './member.ts'
import type { ModelTraits } from './models.ts'

const levels: ReadonlyMap<string, string> = new Map([
  ['none', 'low'],
  ['minimal', 'low'],
  ['low', 'low'],
  ['medium', 'medium'],
  ['high', 'high'],
  ['xhigh', 'high'],
  ['max', 'high'],
])
/** The least that models take which cannot be kept from thinking. */
const leastBudget = 128

/** `thinkingConfig` for a model; undefined where nothing is asked for, or the model knows no such thing. */
export function thinkingConfigFor({ thinking, reasoning_effort: word }: ChatRequest, traits: ModelTraits): Json | undefined {
  if (traits.thinks === 'never' || (thinking === undefined && word === undefined)) return undefined
  const isOff = thinking?.type === 'disabled' || (thinking === undefined && word === 'none')
  if (traits.thinks === 'level') {
    const level = levels.get(isOff ? 'none' : (word ?? 'medium'))
    return level === undefined ? undefined : { thinkingLevel: level, ...(!isOff && { includeThoughts: true }) }
  }
  if (isOff) return { thinkingBudget: traits.alwaysThinks ? leastBudget : 0 }
  const budget = thinking ? tokensOf(thinking) : budgetOf(word)
  return budget === undefined ? undefined : { thinkingBudget: budget, includeThoughts: true }
}

function tokensOf(thinking: ThinkingControl): number {
  // Below 0 the model decides.
  return thinking.type === 'enabled' ? thinking.budget_tokens : -1
}

/** Reads `thinkingConfig`: how much is said in both ways that a chat has for it. */
export function thinkingOf(config: Json): { thinking?: ThinkingControl; reasoning_effort?: string } {
  const level = textIn(member(config, 'thinkingLevel'))?.toLowerCase()
  if (level !== undefined && level !== 'thinking_level_unspecified') return { reasoning_effort: level }
  const budget = numberIn(member(config, 'thinkingBudget'))
  if (budget === undefined) return {}
  if (budget === 0) return { thinking: { type: 'disabled' } }
  if (budget < 0) return { thinking: { type: 'adaptive' }, reasoning_effort: 'medium' }
  return { thinking: { type: 'enabled', budget_tokens: budget }, reasoning_effort: effortOf(budget) }
}
