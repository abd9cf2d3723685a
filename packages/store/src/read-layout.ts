import { parseConfig } from '@sluice/config'
import { layoutOf, type TextLayout } from './text-layout.ts'

/** What some editors begin a text with. */
export const byteOrderMark = '\ufeff'

/** Where the parts of a text stand; throws where it cannot be read, and says where in `file` and why. */
export function readLayout(text: string, file: string): TextLayout {
  const body = text.startsWith(byteOrderMark) ? text.slice(1) : text
  const layout = layoutOf(body)
  if (layout) return layout
  const [issue] = parseConfig(body).issues
  const place = issue?.position ? `:${issue.position.line}:${issue.position.column}` : ''
  throw new SyntaxError(`${file}${place}: ${issue?.message ?? 'must be a map'}`)
}

