import { isRecord, parseConfig, toPlain, type Targets } from '@sluice/config'
import { isMap, parseDocument, visit, type Alias, type Node } from 'yaml'
import type { Wanted } from './kept-entries.ts'
import { changedText } from './entry-edits.ts'
import { asEntry, asMember, identityOf } from './entry-identity.ts'
import { NodeEditor } from './node-editor.ts'
import { plainOf } from './plain-nodes.ts'
import { renderBlock, renderFlow, type TextStyle } from './render-value.ts'
import { sameValue } from './same-value.ts'
import type { Slot } from './slot.ts'
import type { Splice } from './splice.ts'
import { readingForEdits } from './text-layout.ts'

/**
 * Changes a text as a whole, where aliases reach from one entry into another: what differs is rewritten in place; where
 * that would change others too, aliases are replaced by what they stand for. Takes seconds for megabytes.
 */
export function rewriteWhole(text: string, style: TextStyle, wanted: ReadonlyMap<string, Wanted>): string {
  const target = targetOf(parseConfig(text).value, wanted)
  const attempts = [
    () => edited(text, style, target),
    () => edited(withoutAliases(text, style, () => true), style, target),
    () => (style.isJson ? renderFlow(target, style, '') : renderBlock(target, 0, style)) + style.eol,
  ]
  for (const attempt of attempts) {
    const changed = attempt()
    if (changed !== undefined && sameValue(parseConfig(changed).value, target)) return changed
  }
  throw new Error('the change cannot be written to a file: it holds a value that YAML and JSON do not have')
}

/** The value that a text is to have. */
export function targetOf(value: unknown, wanted: ReadonlyMap<string, Wanted>): Readonly<Record<string, unknown>> {
  const target = new Map(isRecord(value) ? Object.entries(value) : [])
  for (const [name, values] of wanted) {
    const before = target.get(name)
    const isByKey = isRecord(before) || (name === 'plugin_metadata' && !Array.isArray(before))
    const after = isByKey ? changedMap(isRecord(before) ? before : {}, values) : changedList(Array.isArray(before) ? before : [], values)
    const isNothing = before === undefined || before === null
    if (!isNothing || Object.keys(after).length > 0) target.set(name, after)
  }
  return Object.fromEntries(target)
}

function changedMap(before: Readonly<Record<string, unknown>>, wanted: Wanted): object {
  const members = new Map(Object.entries(before))
  for (const [id, value] of wanted) {
    if (value) members.set(id, asMember(id, value))
    else members.delete(id)
  }
  return Object.fromEntries(members)
}

function changedList(before: readonly unknown[], wanted: Wanted): readonly unknown[] {
  const ids = new Set(before.map(identityOf))
  const kept = before.flatMap((entry) => {
    const id = identityOf(entry)
    if (!wanted.has(id)) return [entry]
    const value = wanted.get(id)
    return value ? [asEntry(id, value)] : []
  })
  const added = [...wanted].flatMap(([id, value]) => (value && !ids.has(id) ? [asEntry(id, value)] : []))
  return [...kept, ...added]
}

function edited(text: string, style: TextStyle, target: unknown): string | undefined {
  const root: Node | null = parseDocument(text, readingForEdits).contents
  if (!isMap(root)) return undefined
  const editor = new NodeEditor(text, toPlain(root).targets, style)
  const [start, end] = root.range ?? [0, text.length]
  const slot: Slot = { node: root, start, end, valueStart: start, column: 0, kind: 'flow-item', comment: '', hasTag: false }
  editor.change(slot, target)
  return changedText(text, editor.splices)
}

/** The text with those aliases replaced by what they stand for that `chosen` picks by their target. */
export function withoutAliases(text: string, style: TextStyle, chosen: (target: Node, alias: Alias) => boolean): string {
  const document = parseDocument(text, readingForEdits)
  if (!document.contents) return text
  return changedText(text, aliasSplices(document.contents, toPlain(document.contents).targets, style, chosen)) ?? text
}

function aliasSplices(root: Node, targets: Targets, style: TextStyle, chosen: (target: Node, alias: Alias) => boolean): Splice[] {
  const splices: Splice[] = []
  visit(root, {
    Alias(_, alias) {
      const target = targets.get(alias)
      if (!target || !alias.range || !chosen(target, alias)) return
      const [start, end] = alias.range
      splices.push({ start, end, text: renderFlow(plainOf(target, targets), style) })
    },
  })
  return splices
}
