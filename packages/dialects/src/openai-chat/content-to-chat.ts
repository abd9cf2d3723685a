import { isRecord } from '../is-record.ts'

/** The text of a content that may be parts; '' where there is none. */
export function textOfContent(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part: unknown) => (isRecord(part) && part['type'] === 'text' && typeof part['text'] === 'string' ? part['text'] : '')).join('')
}

/** What the model thought, by any of the names that compatible servers have for it; '' where there is nothing. */
export function thoughtOf(message: Record<string, unknown>): string {
  const { reasoning_content, reasoning, content } = message
  if (typeof reasoning_content === 'string') return reasoning_content
  if (typeof reasoning === 'string') return reasoning
  if (!Array.isArray(content)) return ''
  return content
    .filter(isRecord)
    .map(({ type, thinking }) => (type === 'thinking' ? textOfContent(thinking) : ''))
    .join('')
}

/** Arguments are a text, and with some servers the object itself. */
export function argumentsOf(value: unknown): string {
  if (typeof value === 'string') return value
  return isRecord(value) ? JSON.stringify(value) : ''
}
