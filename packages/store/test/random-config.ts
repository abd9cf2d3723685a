import { parseConfig } from '@sluice/config'
import { Document, Scalar, visit, isScalar, isCollection } from 'yaml'
import type { Dice } from '../../../test/support/fuzz.ts'

/** A random file, what of it belongs to which entry, and the comments that belong to none. */
export interface Written {
  readonly text: string
  entries: readonly { readonly kind: string; readonly id: string; readonly lines: string }[]
  readonly loose: readonly string[]
}

const odd = ['no', 'yes', '1.0', '0x1f', '2001-01-01', '~', 'null', '', ' lead', 'trail ', 'a: b', 'a #b', '#c', '*a', '&b', '- x', 'two\nlines', 'a\n\nb\n', 'x\n\n', '  in\n dented\n', 'é ü', '日本', '😀', '\ud800', 'tab\there', 'cr\rx', '<<', "it's", '"q"', 'a, b]', '{x', '%d', '@x', '`', '...', '---', '\u0085', '\u2028', '\ufeff', 'true', '1e3', '-0', 'long '.repeat(30)]
const keys = ['uri', 'plugins', 'methods', 'desc', 'x', 'key: y', '__proto__', 'constructor', '1', 'ä', 'a b', '<<', 'no', '']

export function randomScalar(dice: Dice): unknown {
  return dice.perhaps(50) ? dice.pick(odd) : dice.pick([0, 1, -5, 1.5, 1e21, 123456789012, true, false, null, 'plain', '/path/*'])
}

function randomAny(dice: Dice, depth: number): unknown {
  if (depth > 2 || dice.perhaps(55)) return randomScalar(dice)
  if (dice.perhaps(40)) return dice.some(4, () => randomAny(dice, depth + 1))
  return Object.fromEntries(dice.some(4, () => [dice.pick(keys), randomAny(dice, depth + 1)] as const))
}

/** A value; where there is one, often much the same. */
export function randomValue(dice: Dice, like: unknown): unknown {
  if (typeof like !== 'object' || like === null || dice.perhaps(15)) return Object.fromEntries(dice.some(5, () => [dice.pick(keys), randomAny(dice, 0)] as const))
  return mutated(dice, like)
}

function mutated(dice: Dice, value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.flatMap((item) => (dice.perhaps(15) ? [] : [dice.perhaps(30) ? mutated(dice, item) : item]))
    if (dice.perhaps(30)) items.splice(dice.below(items.length + 1), 0, randomAny(dice, 1))
    return items
  }
  if (typeof value !== 'object' || value === null) return dice.perhaps(50) ? randomAny(dice, 1) : value
  const entries = Object.entries(value).flatMap(([key, member]) => (dice.perhaps(15) ? [] : [[key, dice.perhaps(40) ? mutated(dice, member) : member] as [string, unknown]]))
  if (dice.perhaps(40)) entries.push([dice.pick(keys), randomAny(dice, 1)])
  return Object.fromEntries(entries)
}

const nameOf = (kind: string): string => (kind === 'consumers' ? 'username' : 'name')

export function randomText(dice: Dice, mayAlias: boolean): Written {
  if (dice.perhaps(15) && !mayAlias) return randomJson(dice)
  let count = 0
  const loose: string[] = []
  const comment = (): string => `# c${(count += 1)}`
  const eol = dice.perhaps(20) ? '\r\n' : '\n'
  const entries: { kind: string; id: string; lines: string }[] = []
  const anchors: string[] = []
  const parts: string[] = []
  const looseLine = (indent = ''): string => {
    if (!dice.perhaps(30)) return dice.perhaps(30) ? '\n' : ''
    const one = comment()
    loose.push(one)
    return `${indent}${one}\n\n`
  }
  if (dice.perhaps(20)) parts.push('%YAML 1.2\n---\n')
  parts.push(looseLine())
  if (dice.perhaps(60)) {
    const one = comment()
    loose.push(one)
    parts.push(`gateway:\n   listen: {host: 127.0.0.1 ,port: 9080} ${one}\n`)
    if (mayAlias) {
      parts.push('   shared: &shared\n      x: 1\n      plugins: {a: b}\n')
      anchors.push('shared')
    }
  }
  const names = ['routes', 'services', 'consumers', 'plugin_metadata', 'ssls'].filter(() => dice.perhaps(60))
  if (names.length === 0) names.push('routes')
  for (const kind of names) {
    const isMap = kind === 'plugin_metadata' && dice.perhaps(60)
    const indent = isMap || dice.perhaps(60) ? '  ' : ''
    if (dice.perhaps(12)) {
      parts.push(`${kind}:${dice.pick(['', isMap ? ' {}' : ' []', ' ~'])}${dice.perhaps(30) ? ` # none` : ''}\n`)
      continue
    }
    parts.push(`${kind}:${dice.perhaps(20) ? ' # hm' : ''}\n`)
    const some = 1 + dice.below(4)
    for (let index = 0; index < some; index++) {
      const id = `${kind}-${index}`
      let lead = ''
      if (dice.perhaps(25)) lead = `${indent}${comment()}\n`
      const goesBy = dice.perhaps(20) && kind !== 'plugin_metadata' ? nameOf(kind) : 'id'
      const value = { ...(!isMap && { [goesBy]: id }), ...(randomValue(dice, undefined) as object) }
      const entry = written(dice, isMap ? { [id]: value } : [value], indent, comment, mayAlias ? anchors : undefined, `${kind}${index}`)
      const full = (lead + entry).replaceAll('\n', eol)
      entries.push({ kind, id, lines: entry.replaceAll('\n', eol) })
      parts.push(full)
      if (dice.perhaps(25)) parts.push('\n')
      if (dice.perhaps(10)) parts.push(looseLine(indent))
    }
    parts.push(looseLine())
  }
  if (dice.perhaps(30)) parts.push('#END\n')
  let text = parts.map((part) => (part.includes('\r\n') ? part : part.replaceAll('\n', eol))).join('')
  if (dice.perhaps(20) && !/[|>][-+0-9]*\s*$/.test(text)) text = text.replace(/\r?\n$/, '')
  if (dice.perhaps(5)) text = `\ufeff${text}`
  if (dice.perhaps(40)) text = littered(dice, text)
  return { text, entries: entries.filter(({ lines }) => text.includes(lines.trimEnd())), loose }
}

/** The same with comments and blank lines where nobody expects them. */
function littered(dice: Dice, text: string): string {
  const value = JSON.stringify(parseConfig(text).value)
  const lines = text.split(/(?<=\n)/)
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  for (let count = 0; count < 6; count++) {
    const at = dice.below(lines.length)
    const litter = dice.perhaps(30) ? eol : `${' '.repeat(dice.below(12))}# litter${eol}`
    const next = lines.toSpliced(at, 0, litter)
    if (JSON.stringify(parseConfig(next.join('')).value) === value) lines.splice(at, 0, litter)
  }
  return lines.join('')
}

function written(dice: Dice, value: unknown, indent: string, comment: () => string, anchors: string[] | undefined, name: string): string {
  const document = new Document(value, { aliasDuplicateObjects: false })
  visit(document, (key, node, path) => {
    if (isScalar(node) && typeof node.value === 'string') {
      const isKey = key === 'key'
      if (!node.value.isWellFormed() || /[\r\u0085\u2028\ufeff]/.test(node.value) || (isKey && node.value === '<<')) node.type = Scalar.QUOTE_DOUBLE
      else if (node.value.includes('\n') && !isKey && dice.perhaps(50)) node.type = dice.pick([Scalar.BLOCK_LITERAL, Scalar.BLOCK_FOLDED])
      else if (dice.perhaps(30)) node.type = dice.pick([Scalar.QUOTE_DOUBLE, Scalar.QUOTE_SINGLE])
    }
    if (isCollection(node) && path.length > (Array.isArray(value) ? 1 : 2) && dice.perhaps(20)) node.flow = true
    if (isCollection(node) && path.length > 1 && dice.perhaps(10) && node.items.length > 0) {
      const first = node.items[0] as { key?: { commentBefore?: string }; commentBefore?: string }
      const holder = first.key ?? first
      if (typeof holder === 'object' && dice.perhaps(80)) holder.commentBefore = comment().slice(1)
    }
    if (isScalar(node) && key === 'value' && dice.perhaps(12) && node.value !== null) node.comment = comment().slice(1)
    if (anchors && isCollection(node) && path.length > 1 && dice.perhaps(15)) {
      node.anchor = `${name}x${anchors.length}`
      anchors.push(node.anchor)
    }
  })
  let text = document.toString({ lineWidth: dice.perhaps(20) ? 40 : 0, indent: dice.perhaps(20) ? 4 : 2, indentSeq: dice.perhaps(70) })
  if (anchors && anchors.length > 0 && dice.perhaps(40) && Array.isArray(value)) {
    const before = anchors.filter((one) => !one.startsWith(`${name}x`))
    if (before.length > 0) text += dice.perhaps(50) ? `  aliased: *${dice.pick(before)}\n` : `  more: { <<: *shared }\n`
    if (text.includes('<<: *shared') && !anchors.includes('shared')) text = text.replace(/ {2}more: .*\n$/, '')
  }
  return text.split('\n').map((line) => (line === '' ? line : indent + line)).join('\n')
}

function randomJson(dice: Dice): Written {
  const indent = dice.pick([0, 2, 4, '\t'] as const)
  const value = Object.fromEntries(
    ['gateway', 'routes', 'services', 'plugin_metadata'].filter(() => dice.perhaps(70)).map((name) => {
      if (name === 'gateway') return [name, { listen: { port: 1 } }]
      const list = dice.some(4, () => undefined).map((_, index) => ({ id: `${name}-${index}`, ...(randomValue(dice, undefined) as object) }))
      return [name, name === 'plugin_metadata' && dice.perhaps(50) ? Object.fromEntries(list.map((one) => [one.id, { a: 1 }])) : list]
    }),
  )
  if (Object.keys(value).length === 0) return { text: '{ "routes": [] }', entries: [], loose: [] }
  const text = JSON.stringify(value, null, indent) + (dice.perhaps(50) ? '\n' : '')
  return { text: dice.perhaps(20) ? text.replaceAll('\n', '\r\n') : text, entries: [], loose: [] }
}
