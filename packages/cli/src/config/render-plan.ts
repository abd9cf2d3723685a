import { isRecord, singular } from '@sluice/config'
import { formatPath, type Issue } from '@sluice/kernel'
import { printable } from '../printable.ts'
import { redacted } from '../redacted.ts'
import type { FieldChange } from './compare.ts'
import type { Change, Plan } from './plan.ts'
import { shownField, type ShowOptions } from './shown-field.ts'

export interface RenderOptions extends ShowOptions {
  readonly hasColours: boolean
  /** Also the fields of what is new, and which secrets cannot be compared. */
  readonly isWhole: boolean
}

/** A plan as lines: each change with its fields, then the counts. */
export function renderPlan(plan: Plan, options: RenderOptions): string {
  const changed = plan.changes.flatMap((change) => linesOf(change, options))
  const hidden = options.isWhole ? plan.unsure.flatMap(({ kind, id, comparison }) => [['?', `? ${singular[kind]} ${printable(id)}`] as const, ...comparison.unsure.map(unsureLine)]) : []
  const lines = [...changed, ...hidden].map(([sign, text]) => (options.hasColours ? `\u001B[${colours[sign]}m${text}\u001B[39m` : text))
  return [...lines, ...(lines.length > 0 ? [''] : []), countsOf(plan)].join('\n')
}

/** What happens to it, and the line. */
type Line = readonly [sign: '+' | '~' | '-' | '?', text: string]

const colours = { '+': 32, '~': 33, '-': 31, '?': 36 } as const

/** `1 to create, 2 to update; 3 the same`. */
function countsOf({ changes, unsure, same, kept, left }: Plan): string {
  const counts = (['create', 'update', 'delete'] as const).map((action) => [changes.filter((one) => one.action === action).length, `to ${action}`] as const)
  const rest = listed([
    [same, 'the same'],
    [unsure.length, 'the same but for secrets that cannot be compared'],
    [kept, 'not in the files, and left there'],
    [left, 'not taken into account'],
  ])
  return [listed(counts) || 'Nothing to change', ...(rest ? [rest] : [])].join('; ')
}

function listed(counts: readonly (readonly [count: number, what: string])[]): string {
  return counts.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : [])).join(', ')
}

function linesOf(change: Change, options: RenderOptions): Line[] {
  const { kind, id } = change
  const name = `${singular[kind]} ${printable(id)}`
  switch (change.action) {
    case 'create': {
      const fields = options.isWhole ? leavesOf(options.mask(kind, id, change.wanted.value)) : []
      return [['+', `+ ${name}`], ...fields.map(([path, value]): Line => ['+', `    ${nameOf(path)}: ${shown(value)}`])]
    }
    case 'delete':
      return [['-', `- ${name}`]]
    case 'update': {
      const { changes, unsure } = change.comparison
      return [['~', `~ ${name}`], ...changes.map((field) => fieldLine(field, change, options)), ...(options.isWhole ? unsure.map(unsureLine) : [])]
    }
  }
}

function fieldLine(field: FieldChange, change: Extract<Change, { action: 'update' }>, options: ShowOptions): Line {
  const name = nameOf(field.path)
  const { before, after } = shownField(field, change, options)
  if (field.before === undefined) return ['+', `  + ${name}: ${shown(after)}`]
  if (field.after === undefined) return ['-', `  - ${name}: ${shown(before)}`]
  if (before === redacted && after === redacted) return ['~', `  ~ ${name}: ${redacted} → ${redacted}, another one`]
  const [left, right] = shortened(textOf(before), textOf(after))
  return ['~', `  ~ ${name}: ${left} → ${right}`]
}

function unsureLine(path: Issue['path']): Line {
  return ['?', `  ? ${nameOf(path)}: a secret, which cannot be compared`]
}

function nameOf(path: Issue['path']): string {
  return printable(formatPath(path))
}

function textOf(value: unknown): string {
  return printable(JSON.stringify(value) ?? 'nothing')
}

/** Characters of a value. */
const longest = 120

function shown(value: unknown): string {
  const text = textOf(value)
  return text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length} characters)`
}

/** Of two long texts what is around the place where they part. */
function shortened(left: string, right: string): readonly [string, string] {
  if (left.length <= longest && right.length <= longest) return [left, right]
  let parting = 0
  while (parting < left.length && left[parting] === right[parting]) parting += 1
  const from = Math.max(0, parting - 20)
  const cut = (text: string): string => `${from > 0 ? '…' : ''}${text.slice(from, from + longest)}${text.length > from + longest ? '…' : ''}`
  return [cut(left), cut(right)]
}

/** Every value that is no map, by its path; lists are values. */
function leavesOf(value: unknown, path: Issue['path'] = []): [path: Issue['path'], value: unknown][] {
  if (!isRecord(value) || Object.keys(value).length === 0) return [[path, value]]
  return Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, [...path, name]))
}
