/** How many words a text has; the mock calls each a token. */
export function countWords(text: string): number {
  let words = 0
  let inside = false
  for (let i = 0; i < text.length; i++) {
    const space = text.charCodeAt(i) <= 0x20
    if (!space && !inside) words++
    inside = !space
  }
  return words
}

/** Cuts a text into the pieces that a stream sends, white space before each word. Joined, they are the text. */
export function toPieces(text: string): string[] {
  return text.match(/\s*\S{1,16}|\s+/gu) ?? []
}

/** The text of a message's content: a string, or the text of its parts, tool results included. */
export function textOf(content: unknown, depth = 0): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content) || depth > 3) return ''
  return content
    .map((part: unknown) => partText(part, depth))
    .filter(Boolean)
    .join('\n')
}

function partText(part: unknown, depth: number): string {
  if (typeof part === 'string') return part
  if (typeof part !== 'object' || part === null) return ''
  if ('text' in part && typeof part.text === 'string') return part.text
  return 'content' in part ? textOf(part.content, depth + 1) : ''
}
