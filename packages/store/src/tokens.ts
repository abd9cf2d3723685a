import type { CST } from 'yaml'

/** Where something stands: from its first character to behind its last one. */
export interface Extent {
  readonly start: number
  readonly end: number
}

const blank: ReadonlySet<string> = new Set(['space', 'newline', 'comment', 'comma'])

const isWritten = ({ type }: CST.SourceToken): boolean => !blank.has(type)

/** Where an item of a collection stands: from its dash or its key to the end of its value. Undefined: there is only a comment. */
export function extentOf({ start, key, sep, value }: CST.CollectionItem, text: string): Extent | undefined {
  const before = start.filter(isWritten)
  const between = sep?.filter(isWritten) ?? []
  const first = before[0] ?? key ?? between[0] ?? value
  if (!first) return undefined
  const last = between.at(-1) ?? key ?? before.at(-1)
  return { start: startOf(first), end: value || !last ? endOf(value ?? first, text) : endOf(last, text) }
}

/** Those items of a collection that are some, and where they stand; in step with the nodes that are made of them. */
export function writtenItems(
  collection: CST.Token | undefined,
  text: string,
): readonly { readonly item: CST.CollectionItem; readonly extent: Extent }[] {
  if (!collection || !('items' in collection)) return []
  return (collection.items as CST.CollectionItem[]).flatMap((item) => {
    const extent = extentOf(item, text)
    return extent ? [{ item, extent }] : []
  })
}

function startOf(token: CST.Token): number {
  return token.offset
}

/** Behind its last character; space, comments and line breaks that follow do not count. */
export function endOf(token: CST.Token, text: string): number {
  switch (token.type) {
    case 'block-map':
    case 'block-seq':
      return writtenItems(token, text).at(-1)?.extent.end ?? token.offset
    case 'flow-collection': {
      const close = token.end[0]
      return close ? close.offset + close.source.length : token.offset
    }
    case 'block-scalar':
      return endOfBlockScalar(token, text)
    default:
      return token.offset + ('source' in token ? token.source.length : 0)
  }
}

/** Blank lines below it belong to it only where it says so, by a `+`; even then the last line break is not its own. */
function endOfBlockScalar({ offset, props, source }: CST.BlockScalar, text: string): number {
  const last = props.at(-1)
  const body = last && 'source' in last ? last.offset + last.source.length : offset
  const header = props.find(({ type }) => type === 'block-scalar-header')
  const isKept = header !== undefined && 'source' in header && header.source.includes('+')
  const written = text.slice(offset, body + source.length)
  return offset + written.replace(isKept ? /\r?\n$/ : /(?:\r?\n)+$/, '').length
}
