import { compileTemplate, type Template, type Variables } from '@sluice/expr'
import type { Exchange, Issue } from '@sluice/kernel'
import type { FormatContext } from './compile-format.ts'
import { escapeText, jsonOf, type Enclosure } from './escape.ts'

/** A line of text for each exchange. */
export function compileText(format: string, context: FormatContext, path: Issue['path']): (ctx: Exchange) => string {
  const text = format.replace(/\s+$/, '')
  if (/[\r\n]/.test(text)) context.complain(path, 'must be a single line')
  const templates: Template<Exchange>[] = []
  const names = new Set<string>()
  for (const [part, enclosure] of partsOf(text.replace(/\s*[\r\n]\s*/g, ' '))) {
    const template = compileTemplate(part, escaped(context.variables, enclosure))
    for (const name of template.names) names.add(name)
    templates.push(template)
  }
  for (const name of names) if (!context.variables(name)) context.complainUnknown(path, name)

  return (ctx) => {
    let line = ''
    for (const template of templates) line += template.render(ctx)
    return `${line}\n`
  }
}

/** The format in pieces, each with what encloses the variables in it; quotes and brackets inside `${…}` enclose nothing. */
function partsOf(text: string): (readonly [part: string, enclosure: Enclosure])[] {
  const parts: (readonly [string, Enclosure])[] = []
  let enclosure: Enclosure = 'none'
  let from = 0
  for (const { 0: mark, index } of text.matchAll(/\$\{[^{}]*\}|["[\]]/g)) {
    const next = enclosureAfter(mark, enclosure)
    if (next === enclosure) continue
    parts.push([text.slice(from, index), enclosure])
    from = index
    enclosure = next
  }
  parts.push([text.slice(from), enclosure])
  return parts
}

function enclosureAfter(mark: string, enclosure: Enclosure): Enclosure {
  if (mark === '"' && enclosure !== 'brackets') return enclosure === 'quotes' ? 'none' : 'quotes'
  if (mark === '[' && enclosure === 'none') return 'brackets'
  return mark === ']' && enclosure === 'brackets' ? 'none' : enclosure
}

function escaped(variables: Variables<Exchange>, enclosure: Enclosure): Variables<Exchange> {
  const escape = escapeText[enclosure]
  return (name) => {
    const variable = variables(name)
    if (!variable) return undefined
    return {
      read(ctx) {
        const text = textOf(variable.read(ctx))
        return text === undefined ? undefined : escape(text)
      },
    }
  }
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return undefined
  return typeof value === 'object' ? jsonOf(value) : String(value)
}
