import { BlockEdits } from './block-edits.ts'
import type { CollectionPlan } from './kept-entries.ts'
import { renderBrackets, renderLines, type NewEntry } from './render-collection.ts'
import type { Splice } from './splice.ts'
import { lineEnd, nextLine, skipComments } from './text-lines.ts'
import type { CollectionLayout, Marks, TextLayout } from './text-layout.ts'

/** A collection that the file does not have yet, at its end. */
export function planNew(text: string, layout: TextLayout, name: string, added: readonly NewEntry[], isFirst: boolean): CollectionPlan {
  return layout.form === 'flow' ? inBrackets(text, layout, name, added, isFirst) : inLines(text, layout, name, added)
}

const isMapNew = (name: string): boolean => name === 'plugin_metadata'

function inLines(text: string, { style, column, rest, collections }: TextLayout, name: string, added: readonly NewEntry[]): CollectionPlan {
  const isMap = isMapNew(name)
  const entryColumn = column + (isMap || style.indentsLists ? style.step : 0)
  const rendered = renderLines(added, isMap, entryColumn, style)
  const key = `${' '.repeat(column)}${name}:`
  const ends = [...collections.values()].map(({ form, ends: behind, end }) => (form === 'block' ? (behind.at(-1) ?? 0) : nextLine(text, end)))
  const content = Math.max(nextLine(text, Math.max(0, rest - 1)), ...ends)
  // What marks the end of the file stays its last line.
  const place = skipComments(text, content, (_, line) => text.slice(line, lineEnd(text, line)).trimEnd() !== '#END')
  const splice = new BlockEdits(text, style).at(place, key + style.eol + rendered.text)
  const lead = splice.text.indexOf(key)
  return {
    splices: [splice],
    layout: (_, placeOf, after) => {
      const at = placeOf(splice) + lead + key.length
      const base = at + style.eol.length
      return {
        ...noEntries,
        form: 'block',
        isMap,
        at,
        column: entryColumn,
        ids: added.map(([id]) => id),
        starts: rendered.starts.map((start) => base + start),
        ends: rendered.ends.map((end) => Math.min(base + end, after.length)),
      }
    },
  }
}

function inBrackets(
  text: string,
  { style, rest, open, close, collections }: TextLayout,
  name: string,
  added: readonly NewEntry[],
  isFirst: boolean,
): CollectionPlan {
  const isMap = isMapNew(name)
  const space = /^\s*/.exec(text.slice(open, close))?.[0] ?? ''
  const isInLines = space.includes('\n')
  const indent = isInLines ? space.slice(space.lastIndexOf('\n') + 1) : undefined
  const rendered = renderBrackets(added, isMap, style, indent)
  const last = Math.max(rest, ...[...collections.values()].map(({ end }) => end))
  const isAlone = last === 0 && isFirst
  const between = isInLines ? space : space && ' '
  const key = `${isAlone ? '' : `,${between || (style.isTight ? '' : ' ')}`}${style.isJson ? JSON.stringify(name) : name}:`
  const lead = style.isTight ? '' : ' '
  const splice: Splice = { start: last || open, end: last || open, text: key + lead + rendered.text }
  return {
    splices: [splice],
    layout: (_, placeOf) => {
      const at = placeOf(splice) + key.length
      const base = at + lead.length
      return {
        ...noEntries,
        form: 'flow',
        isMap,
        at,
        open: base,
        end: base + rendered.text.length,
        ids: added.map(([id]) => id),
        starts: rendered.starts.map((start) => base + start),
        ends: rendered.ends.map((end) => base + end),
      }
    },
  }
}

const noEntries: CollectionLayout = {
  form: 'empty',
  isMap: false,
  at: 0,
  end: 0,
  open: 0,
  column: 0,
  ids: [],
  starts: [],
  ends: [],
  marks: new Map<string, Marks>(),
}
