import { renderBlock, renderFlow, type TextStyle } from './render-value.ts'

export type NewEntry = readonly [id: string, value: Readonly<Record<string, unknown>>]

/** New entries as a text, and where in it each of them stands. */
export interface RenderedEntries {
  readonly text: string
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

/** Entries in lines, without a line break at the end; `between` stands after each but the last one, with its line break. */
export function renderLines(entries: readonly NewEntry[], isMap: boolean, column: number, style: TextStyle, between = ''): RenderedEntries {
  return joined(
    '',
    entries.map(([id, value]) => renderBlock(isMap ? Object.fromEntries([[id, value]]) : [value], column, style)),
    style.eol + between,
    '',
    style.eol.length,
  )
}

/** Entries between commas; each begins a line where `indent` is what it is to be indented by. */
export function renderItems(entries: readonly NewEntry[], isMap: boolean, style: TextStyle, indent: string | undefined): readonly string[] {
  return entries.map(([id, value]) => {
    if (!isMap) return renderFlow(value, style, indent)
    if (!style.isJson) return renderFlow(Object.fromEntries([[id, value]]), style).slice(1, -1).trim()
    return JSON.stringify(id) + (style.isTight ? ':' : ': ') + renderFlow(value, style, indent)
  })
}

/** A collection within brackets, on one line or, where `indent` is what its own line is indented by, on several. */
export function renderBrackets(entries: readonly NewEntry[], isMap: boolean, style: TextStyle, indent: string | undefined): RenderedEntries {
  const [open, close] = isMap ? ['{', '}'] : ['[', ']']
  if (indent === undefined) return joined(open, renderItems(entries, isMap, style, undefined), style.isTight ? ',' : ', ', close, 0)
  const inner = indent + (style.unit || '  ')
  const lineBreak = style.eol + inner
  return joined(open + lineBreak, renderItems(entries, isMap, style, inner), `,${lineBreak}`, style.eol + indent + close, 0)
}

/** `tail`: characters between two items that still belong to the first. */
function joined(open: string, items: readonly string[], between: string, close: string, tail: number): RenderedEntries {
  const starts: number[] = []
  const ends: number[] = []
  let at = open.length
  for (const item of items) {
    starts.push(at)
    ends.push(at + item.length + tail)
    at += item.length + between.length
  }
  return { text: open + items.join(between) + close, starts, ends }
}
