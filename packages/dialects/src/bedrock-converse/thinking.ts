import { thinkingControlOf } from '../anthropic-messages/thinking-control.ts'
import { thinkingFor as claudeThinkingFor } from '../anthropic-messages/thinking-from-chat.ts'
import { isRecord } from '../is-record.ts'
import type { ChatRequest, ThinkingControl } from '../pivot/chat-request.ts'
import { budgetOf, effortOf } from '../translate/effort.ts'
import { textIn, type Json } from '../translate/json.ts'
import type { ModelTraits } from './models.ts'

/** How a request says how much to think, and what follows from it. */
export interface Thinking {
  /** Members of `additionalModelRequestFields`. */
  readonly fields: Json
  /** `outputConfig.effort`. */
  readonly effort?: string
  /** It will think: sampling cannot be set. */
  readonly isOn: boolean
}

/** Room for an answer beside what is thought; a limit that the client did not give is the model's own. */
const room = 4096

/** Decides on thinking by what the model takes. `isMissing`: what was thought before the calls that wait for their results. */
export function thinkingFor(chat: ChatRequest, isMissing: boolean, traits: ModelTraits): Thinking {
  const off: Thinking = { fields: {}, isOn: false }
  if (traits.thinks === 'never') return off
  if (traits.thinks === 'claude') {
    const { control, effort, isOn } = claudeThinkingFor(chat, isMissing, room, traits.claude)
    return { fields: control ? { thinking: control } : {}, isOn, ...(effort !== undefined && { effort }) }
  }
  const word = wordOf(chat)
  if (traits.thinks === 'word') return word === undefined ? off : { fields: { reasoning_effort: word }, isOn: false }
  return novaThinking(chat, word)
}

/** Nova refuses limits and sampling where it thinks as much as it can: https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html */
function novaThinking({ thinking, max_completion_tokens: limit }: ChatRequest, word: string | undefined): Thinking {
  if (thinking?.type === 'disabled') return { fields: { reasoningConfig: { type: 'disabled' } }, isOn: false }
  if (word === undefined) return { fields: {}, isOn: false }
  const maxReasoningEffort = word === 'high' && limit !== undefined ? 'medium' : word
  return { fields: { reasoningConfig: { type: 'enabled', maxReasoningEffort } }, isOn: maxReasoningEffort === 'high' }
}

/** Of OpenAI's words the three that every model knows which goes by words; undefined where it is not to think, or nothing is said. */
function wordOf({ thinking, reasoning_effort: effort }: ChatRequest): 'low' | 'medium' | 'high' | undefined {
  if (thinking?.type === 'disabled') return undefined
  const budget = budgetOf(effort)
  if (budget === undefined) return undefined
  if (budget >= 4096) return 'high'
  return budget >= 2048 ? 'medium' : 'low'
}

/** Reads how much to think from the fields of the model's own, and from `outputConfig`. */
export function thinkingOf(fields: Json, outputConfig: unknown): { thinking?: ThinkingControl; reasoning_effort?: string } {
  const effort = effortIn(fields, outputConfig)
  const said = fields['thinking'] ?? fields['reasoning_config']
  if (!isRecord(said)) return effort === undefined ? {} : { reasoning_effort: effort }
  const control = thinkingControlOf(said, 'additionalModelRequestFields.thinking')
  if (control.type === 'disabled') return { thinking: control }
  return { thinking: control, reasoning_effort: control.type === 'enabled' ? effortOf(control.budget_tokens) : (effort ?? 'medium') }
}

function effortIn(fields: Json, outputConfig: unknown): string | undefined {
  const { reasoningConfig: nova, output_config: claude } = fields
  if (isRecord(nova)) return nova['type'] === 'enabled' ? (textIn(nova['maxReasoningEffort']) ?? 'medium') : 'none'
  const places = [outputConfig, claude].map((config) => (isRecord(config) ? textIn(config['effort']) : undefined))
  return places.find((effort) => effort !== undefined) ?? textIn(fields['reasoning_effort'])
}
