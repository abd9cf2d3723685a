import type { Variable, Variables } from './variable.ts'

/** A text with variables in it, compiled. */
export interface Template<C> {
  /** The text with every variable replaced; one that is absent becomes its fallback, or nothing. */
  render(context: C): string
  /** The same, and how many variables were there: fallbacks do not count. */
  renderCounted(context: C): { readonly text: string; readonly resolved: number }
  readonly needsBody: boolean
  /** The variables that it names, each once. */
  readonly names: readonly string[]
}

type Part<C> = string | Reference<C>

interface Reference<C> {
  /** `undefined` where nobody knows the name. */
  readonly variable: Variable<C> | undefined
  readonly fallback: string
}

/**
 * Compiles `$name`, `${name}` and `${name ?? fallback}`; `\$` is a dollar sign. A bare name is letters, digits and
 * `_`; in braces it may be anything. What is none of these stays as it is written.
 */
export function compileTemplate<C>(text: string, variables: Variables<C>): Template<C> {
  const names = new Set<string>()
  const parts = partsOf(text, (name, fallback) => {
    names.add(name)
    return { variable: variables(name), fallback }
  })

  return {
    render(context) {
      let rendered = ''
      for (const part of parts) rendered += typeof part === 'string' ? part : (valueOf(part, context) ?? part.fallback)
      return rendered
    },
    renderCounted(context) {
      let rendered = ''
      let resolved = 0
      for (const part of parts) {
        const value = typeof part === 'string' ? undefined : valueOf(part, context)
        if (value !== undefined) resolved++
        rendered += typeof part === 'string' ? part : (value ?? part.fallback)
      }
      return { text: rendered, resolved }
    },
    needsBody: parts.some((part) => typeof part !== 'string' && part.variable?.needsBody),
    names: [...names],
  }
}

function partsOf<C>(text: string, reference: (name: string, fallback: string) => Reference<C>): Part<C>[] {
  const parts: Part<C>[] = []
  let plain = ''
  let from = 0
  for (const match of text.matchAll(/\\\$|\$\{([^{}]*)\}|\$(\w+)/g)) {
    const [whole, braced, bare] = match
    plain += text.slice(from, match.index)
    from = match.index + whole.length
    const [name = '', fallback = ''] = bare === undefined ? split(braced ?? '') : [bare]
    if (name === '') {
      plain += whole === '\\$' ? '$' : whole
      continue
    }
    if (plain) parts.push(plain)
    plain = ''
    parts.push(reference(name, fallback))
  }
  plain += text.slice(from)
  if (plain) parts.push(plain)
  return parts
}

function split(braced: string): readonly [name: string, fallback: string] {
  const at = braced.indexOf('??')
  return at < 0 ? [braced.trim(), ''] : [braced.slice(0, at).trim(), braced.slice(at + 2).trim()]
}

function valueOf<C>({ variable }: Reference<C>, context: C): string | undefined {
  const value = variable?.read(context)
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return undefined
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
