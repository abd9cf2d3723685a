import { isRecord, kinds, toPlain } from '@sluice/config'
import { isMap, isScalar, isSeq, parseDocument, visit, type Document, type Node, type Pair } from 'yaml'
import { identityOf } from './entry-identity.ts'
import { keyOf } from './plain-nodes.ts'
import type { TextStyle } from './render-value.ts'
import { columnOf, endWithComments, indentOf, lineStart } from './text-lines.ts'
import { endOf, writtenItems, type Extent } from './tokens.ts'

/** How `yaml` has to read what is to be edited. Keys are compared in linear time elsewhere. */
export const readingForEdits = { keepSourceTokens: true, prettyErrors: false, uniqueKeys: false } as const

/** Names by which an entry takes part in what aliases repeat. */
export interface Marks {
  readonly anchors: readonly string[]
  readonly aliases: readonly string[]
}

/** Where one collection stands in the text. Offsets count UTF-16 code units. */
export interface CollectionLayout {
  /** `block`: in lines, `flow`: within brackets, `empty`: without entries, `other`: an alias, for one. */
  readonly form: 'block' | 'flow' | 'empty' | 'other'
  /** A map by id, as plugin metadata may be; otherwise a list. */
  readonly isMap: boolean
  /** Behind the colon of its key. */
  readonly at: number
  /** Behind its value; not kept of block form, where it is behind the last entry. */
  readonly end: number
  /** Of the opening bracket; 0 in other forms. */
  readonly open: number
  /** Of the dashes or the keys of its entries; 0 in flow form. */
  readonly column: number
  readonly ids: readonly string[]
  /** In block form an entry has its lines to itself, with the comments that stand deeper; in flow form, its characters. */
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  /** Of the entries that have some, by id. */
  readonly marks: ReadonlyMap<string, Marks>
}

/** Where the parts of a configuration text stand. Can be cloned from thread to thread. */
export interface TextLayout {
  readonly style: TextStyle
  readonly form: 'block' | 'flow'
  /** Of the keys at the top; 0 in flow form. */
  readonly column: number
  /** Directives and what else stands before the first key, where there are directives. */
  readonly prologue: string
  /** Behind the opening bracket, and the closing one; 0 in block form. */
  readonly open: number
  readonly close: number
  /** Behind the last of those members at the top that are no collections; 0 where there is none. */
  readonly rest: number
  readonly collections: ReadonlyMap<string, CollectionLayout>
}

/** The names of collections; credentials stand among the consumers. */
const collectionNames: ReadonlySet<string> = new Set(kinds.filter((kind) => kind !== 'credentials'))

/** Finds the parts of a text; undefined where it cannot be read, or is no map. Takes seconds for megabytes. */
export function layoutOf(text: string): TextLayout | undefined {
  const document = parseDocument(text, readingForEdits)
  const root: Node | null = document.contents
  if (document.errors.length + document.warnings.length > 0 || !isMap(root) || !root.srcToken) return undefined
  const { targets, value, faults } = toPlain(root)
  if (faults.length > 0) return undefined
  const token = root.srcToken
  const isFlow = token.type === 'flow-collection'
  const extents = writtenItems(token, text)
  const first = extents[0]?.extent.start ?? 0
  const collections = new Map<string, CollectionLayout>()
  let rest = 0
  for (const [index, pair] of root.items.entries()) {
    const extent = extents[index]?.extent
    if (!extent) continue
    const name = keyOf(pair, targets)
    const collection = collectionNames.has(name) ? collectionLayout(text, pair, extent, isFlow, isRecord(value) ? value[name] : undefined) : undefined
    if (collection) collections.set(name, collection)
    else rest = extent.end
  }
  const directives = /^%/m.test(text.slice(0, first))
  return {
    style: styleOf(text, document, first, collections),
    form: isFlow ? 'flow' : 'block',
    column: isFlow ? 0 : columnOf(text, first),
    prologue: directives ? text.slice(0, isFlow ? token.offset : lineStart(text, first)) : '',
    open: isFlow ? token.offset + 1 : 0,
    close: isFlow ? endOf(token, text) : 0,
    rest,
    collections,
  }
}

function collectionLayout(text: string, pair: Pair, extent: Extent, isInFlow: boolean, value: unknown): CollectionLayout {
  const colon = pair.srcToken?.sep?.find(({ type }) => type === 'map-value-ind')
  const at = colon ? colon.offset + colon.source.length : extent.end
  const none = { isMap: keyOf(pair, new Map()) === 'plugin_metadata', at, end: extent.end, open: 0, column: 0, ids: [], starts: [], ends: [], marks: new Map() }
  const node = pair.value
  const props = pair.srcToken?.sep?.some(({ type }) => type === 'anchor' || type === 'tag')
  const isExplicit = pair.srcToken?.start.some(({ type }) => type !== 'space' && type !== 'newline' && type !== 'comment' && type !== 'comma')
  if (props || isExplicit || !colon) return { ...none, form: 'other' }
  if (!pair.srcToken?.value) return { ...none, form: 'empty', end: at }
  if (!isMap(node) && !isSeq(node)) return { ...none, form: isScalar(node) && node.value === null ? 'empty' : 'other' }
  if (node.items.length === 0) return { ...none, isMap: isMap(node), form: 'empty' }
  const token = node.srcToken
  const extents = token ? writtenItems(token, text).map((one) => one.extent) : []
  const first = extents[0]
  if (!token || !first || extents.length !== node.items.length) return { ...none, form: 'other' }
  const form = token.type === 'flow-collection' ? 'flow' : 'block'
  const column = form === 'block' ? columnOf(text, first.start) : 0
  if (form === 'block' && (isInFlow || text.slice(lineStart(text, first.start), first.start).trim() !== '')) return { ...none, form: 'other' }
  const ids = Array.isArray(value) ? value.map(identityOf) : (node.items as Pair[]).map((item) => keyOf(item, new Map()))
  const marks = new Map<string, Marks>()
  const ends = extents.map(({ end }) => (form === 'block' ? endWithComments(text, end, column) : end))
  const starts = extents.map(({ start }) => (form === 'block' ? lineStart(text, start) : start))
  for (const [index, item] of node.items.entries()) {
    const id = ids[index] ?? ''
    if (/[&*]/.test(text.slice(starts[index], ends[index]))) {
      const found = marksOf(item as Node | Pair)
      if (found) marks.set(id, found)
    }
  }
  return { ...none, form, isMap: isMap(node), end: form === 'flow' ? extent.end : 0, open: form === 'flow' ? token.offset : 0, column, ids, starts, ends, marks }
}

/** The anchors and aliases in an entry; undefined: none. */
export function marksOf(node: Node | Pair): Marks | undefined {
  const anchors: string[] = []
  const aliases: string[] = []
  const visitor = {
    Alias: (_: unknown, { source }: { source: string }) => void aliases.push(source),
    Value: (_: unknown, { anchor }: { anchor?: string }) => void (anchor !== undefined && anchors.push(anchor)),
  }
  if ('key' in node && 'value' in node && !('range' in node)) {
    for (const part of [node.key, node.value]) if (part) visit(part as Node, visitor)
  } else visit(node as Node, visitor)
  return anchors.length + aliases.length === 0 ? undefined : { anchors, aliases }
}

function styleOf(
  text: string,
  document: Document,
  first: number,
  collections: ReadonlyMap<string, CollectionLayout>,
): TextStyle {
  const block = [...collections.values()].find(({ form, isMap: isByKey }) => form === 'block' && !isByKey)
  const isOneLine = !text.trim().includes('\n')
  return {
    isJson: isJson(text),
    isTight: isJson(text) && !/"\s*:\s/.test(text),
    eol: /\r\n|\n/.exec(text)?.[0] === '\r\n' ? '\r\n' : '\n',
    unit: isOneLine ? '' : indentOf(text, first) || '  ',
    step: stepOf(text, document.contents) ?? 2,
    indentsLists: block ? block.column > columnOf(text, first) : true,
  }
}

/** By how many columns the first map within a map is indented. */
function stepOf(text: string, node: unknown, parent?: number): number | undefined {
  if (!isMap(node) && !isSeq(node)) return undefined
  const token = node.srcToken
  if (!token || token.type === 'flow-collection') return undefined
  const first = writtenItems(token, text)[0]?.extent.start
  const column = first === undefined ? undefined : columnOf(text, first)
  if (isMap(node) && parent !== undefined && column !== undefined && column > parent) return column - parent
  for (const item of node.items.slice(0, 5)) {
    const step = isMap(node) ? stepOf(text, (item as Pair).value, column) : stepOf(text, item)
    if (step !== undefined) return step
  }
  return undefined
}

/** Whether it is JSON, and not YAML that looks much like it. */
function isJson(text: string): boolean {
  try {
    return text.trimStart().startsWith('{') && isRecord(JSON.parse(text))
  } catch {
    return false
  }
}
