import { isRecord } from '../is-record.ts'
import { anthropicFormat, isAnthropics, type ReasoningDetail } from '../pivot/reasoning.ts'
import { textIn, type Json } from '../translate/json.ts'

/**
 * Reads `reasoningContent`: a text with its signature, or a cipher. On Bedrock Claude signs what it thinks, and its signatures
 * hold at Anthropic's too: https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking
 */
export function reasoningOf(content: unknown, index: number): ReasoningDetail | undefined {
  if (!isRecord(content)) return undefined
  const { reasoningText, redactedContent } = content
  const about = { format: anthropicFormat, index }
  if (isRecord(reasoningText)) {
    const signature = textIn(reasoningText['signature'])
    return { type: 'reasoning.text', text: textIn(reasoningText['text']) ?? '', ...(signature !== undefined && { signature }), ...about }
  }
  const data = textIn(redactedContent)
  return data === undefined ? undefined : { type: 'reasoning.encrypted', data, ...about }
}

/** A text as a block, with the signature that it has. */
export function reasoningFor(text: string, signature?: string | null): Json {
  return { reasoningContent: { reasoningText: { text, ...(signature && { signature }) } } }
}

/** A cipher as a block. */
export function redactedFor(data: string): Json {
  return { reasoningContent: { redactedContent: data } }
}

/** What Anthropic signed or encrypted, as blocks; its unsigned texts too where they are wanted. */
export function reasoningBlocks(details: readonly ReasoningDetail[], wantsUnsigned: boolean): Json[] {
  return details.filter(isAnthropics).flatMap((detail): Json[] => {
    if (detail.type === 'reasoning.encrypted') return [redactedFor(detail.data)]
    if (detail.type !== 'reasoning.text' || !(wantsUnsigned || detail.signature)) return []
    return [reasoningFor(detail.text ?? '', detail.signature)]
  })
}
