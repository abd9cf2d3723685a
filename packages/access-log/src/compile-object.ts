import { compileTemplate, type Variables } from '@sluice/expr'
import type { Exchange, Issue } from '@sluice/kernel'
import type { FormatContext, LogFormat } from './compile-format.ts'
import { jsonOf, quote } from './escape.ts'
import { extraNames, logExtras } from './log-extras.ts'

type Piece = (ctx: Exchange) => string

/** Deeper formats are a mistake. */
const deepest = 32

/** A JSON object for each exchange. */
export function compileObject(format: Exclude<LogFormat, string>, context: FormatContext, path: Issue['path']): Piece {
  const builder = new Builder(context)
  builder.object(format, path, 0)
  const { literals, pieces, extrasUsed } = builder
  const named = new Set([...Object.keys(format), ...extrasUsed])
  const last = literals.length - 1
  literals[last] = (literals[last] as string).slice(0, -1) // the closing brace follows the extras
  const isEmpty = last === 0 && literals[0] === '{'

  return (ctx) => {
    let line = literals[0] as string
    for (let index = 0; index < last; index++) line += (pieces[index] as Piece)(ctx) + (literals[index + 1] as string)
    const extras = ctx.get(logExtras)
    if (extras) line += extraMembers(extras, named, isEmpty)
    return `${line}}\n`
  }
}

/** Members that the format has, by their name or by naming their variable, are not repeated. */
function extraMembers(extras: Record<string, unknown>, named: ReadonlySet<string>, isEmpty: boolean): string {
  let members = ''
  for (const [name, value] of Object.entries(extras)) {
    const json = named.has(name) ? undefined : jsonOf(value)
    if (json !== undefined) members += `,${quote(name)}:${json}`
  }
  return isEmpty ? members.slice(1) : members
}

/** Literal text and pieces by turns: `literals[i]` stands before `pieces[i]`, the last one behind them all. */
class Builder {
  readonly literals = ['']
  readonly pieces: Piece[] = []
  readonly extrasUsed = new Set<string>()
  readonly #context: FormatContext

  constructor(context: FormatContext) {
    this.#context = context
  }

  object(format: object, path: Issue['path'], depth: number): void {
    if (depth > deepest) return this.#context.complain(path, `is nested more than ${deepest} levels deep`)
    let separator = '{'
    for (const [key, value] of Object.entries(format)) {
      if (this.#isUnprovided(value)) continue
      this.#literal(`${separator}${quote(key)}:`)
      separator = ','
      this.#value(value, [...path, key], depth)
    }
    this.#literal(separator === '{' ? '{}' : '}')
  }

  #value(value: unknown, path: Issue['path'], depth: number): void {
    if (typeof value === 'string') return this.#template(value, path)
    if (isRecord(value)) return this.object(value, path, depth + 1)
    if (typeof value === 'object' && value !== null) {
      this.#context.complain(path, 'must be a text, a number, a boolean, null or an object')
    }
    this.#literal(jsonOf(value) ?? 'null')
  }

  #template(text: string, path: Issue['path']): void {
    const { variables } = this.#context
    const template = compileTemplate(text, variables)
    for (const name of template.names) {
      if (extraNames.has(name)) this.extrasUsed.add(name)
      if (!variables(name)) this.#context.complainUnknown(path, name)
    }
    const only = onlyVariable(text)
    if (only !== undefined) this.#piece(typed(only, variables))
    else this.#piece((ctx) => quote(template.render(ctx)))
  }

  #isUnprovided(value: unknown): boolean {
    if (!this.#context.isLenient || typeof value !== 'string') return false
    const only = onlyVariable(value)
    return only !== undefined && this.#context.variables(only) === undefined
  }

  #literal(text: string): void {
    this.literals[this.literals.length - 1] += text
  }

  #piece(piece: Piece): void {
    this.pieces.push(piece)
    this.literals.push('')
  }
}

/** The name, where the whole text is one variable without a fallback. */
function onlyVariable(text: string): string | undefined {
  const [, bare, braced] = /^\$(?:(\w+)|\{([^{}]+)\})$/.exec(text) ?? []
  if (braced?.includes('??')) return undefined
  return bare ?? braced?.trim()
}

function typed(name: string, variables: Variables<Exchange>): Piece {
  const variable = variables(name)
  if (!variable) return () => 'null'
  return (ctx) => {
    const value = variable.read(ctx)
    if (typeof value === 'string') return quote(value)
    if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : 'null'
    return value === undefined || value === null ? 'null' : (jsonOf(value) ?? 'null')
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
