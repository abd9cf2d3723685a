import { BlockEdits } from './block-edits.ts'
import { unchanged, type CollectionPlan } from './kept-entries.ts'
import { renderBrackets, renderLines, type NewEntry, type RenderedEntries } from './render-collection.ts'
import type { Splice } from './splice.ts'
import { endWithComments, indentOf } from './text-lines.ts'
import type { CollectionLayout, Marks, TextLayout } from './text-layout.ts'

/** The last of its entries goes: the key stays, with nothing in it. */
export function planEmptied(collection: CollectionLayout, removals: readonly Splice[]): CollectionPlan {
  const { at, open, end, isMap, form } = collection
  const brackets = isMap ? '{}' : '[]'
  if (form === 'empty') return { splices: [], layout: (shift, _, after) => unchanged(collection, shift, after) }
  const isLines = form === 'block'
  const put: Splice = isLines ? { start: at, end: at, text: ` ${brackets}` } : { start: open, end, text: brackets }
  const ids: readonly string[] = []
  return {
    splices: isLines ? [put, ...removals] : [put],
    layout: (shift, placeOf) => {
      const place = placeOf(put)
      const ended = { ...collection, form: 'empty', open: 0, column: 0, ids, starts: [], ends: [], marks: new Map<string, Marks>() } as const
      return { ...ended, at: isLines ? place : shift(at - 1) + 1, end: place + put.text.length }
    },
  }
}

/** The first entries of a collection that has a key already. */
export function planFilled(text: string, layout: TextLayout, collection: CollectionLayout, added: readonly NewEntry[]): CollectionPlan {
  const { at, end, isMap } = collection
  const { style } = layout
  if (layout.form === 'flow') {
    const indent = style.unit === '' || !text.slice(0, at).includes('\n') ? undefined : indentOf(text, at)
    const rendered = renderBrackets(added, isMap, style, indent)
    const lead = style.isTight ? '' : ' '
    const put: Splice = { start: at, end, text: lead + rendered.text }
    return {
      splices: [put],
      layout: (_, placeOf) => {
        const place = placeOf(put) + lead.length
        return filledLayout(collection, 'flow', 0, added, rendered, place, { at: placeOf(put), open: place, end: place + rendered.text.length })
      },
    }
  }
  const column = layout.column + (isMap || style.indentsLists ? style.step : 0)
  const rendered = renderLines(added, isMap, column, style)
  const cleared: Splice = { start: at, end, text: '' }
  // Below the comments that stand deeper than the entries: a text at the end of one would take them in.
  const put = new BlockEdits(text, style).at(endWithComments(text, end, column), rendered.text)
  const lead = put.text.indexOf(rendered.text)
  return {
    splices: [cleared, put],
    layout: (_, placeOf, after) => {
      const filledIn = filledLayout(collection, 'block', column, added, rendered, placeOf(put) + lead, { at: placeOf(cleared), open: 0, end: 0 })
      return { ...filledIn, ends: filledIn.ends.map((one) => Math.min(one, after.length)) }
    },
  }
}

function filledLayout(
  collection: CollectionLayout,
  form: 'block' | 'flow',
  column: number,
  added: readonly NewEntry[],
  { starts, ends }: RenderedEntries,
  base: number,
  places: { readonly at: number; readonly open: number; readonly end: number },
): CollectionLayout {
  return {
    ...collection,
    ...places,
    form,
    column,
    ids: added.map(([id]) => id),
    starts: starts.map((start) => base + start),
    ends: ends.map((end) => base + end),
  }
}
