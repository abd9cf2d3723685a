/** A piece of a template's text: as it is, or a variable of the request. */
type Piece = string | Placeholder

interface Placeholder {
  readonly name: string
  readonly fallback: string | undefined
}

/** A template's text, ready to be filled in. */
export type Text = readonly Piece[]

/** `{{name}}` and `{{name|default}}`; an opening without its end is text. */
const placeholder = /\{\{(.*?)\}\}/gs
const inside = /^\s*([\p{L}_][\p{L}\p{N}_-]*)\s*(?:\|(.*))?$/su

/** Reads a text once, when the configuration is loaded. `problems` are sentences for whoever wrote it. */
export function parseText(source: string): { text: Text; problems: readonly string[] } {
  const text: Piece[] = []
  const problems: string[] = []
  let from = 0
  for (const match of source.matchAll(placeholder)) {
    const [whole, content = ''] = match
    text.push(source.slice(from, match.index))
    from = match.index + whole.length
    const [, name, fallback] = inside.exec(content) ?? []
    if (name === undefined) problems.push(`${whole} is no placeholder: write {{name}} or {{name|default}}`)
    else text.push({ name, fallback: fallback?.trim() })
  }
  text.push(source.slice(from))
  return { text, problems }
}

/** The names of the variables in a text. */
export function variablesOf(text: Text): string[] {
  return text.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.name]))
}

/** Fills a text in, once: what a value contains is not read again. Names that have neither value nor default go to `missing`. */
export function fill(text: Text, values: ReadonlyMap<string, string>, missing: Set<string>): string {
  let filled = ''
  for (const piece of text) {
    if (typeof piece === 'string') filled += piece
    else {
      const value = values.get(piece.name) ?? piece.fallback
      if (value === undefined) missing.add(piece.name)
      else filled += value
    }
  }
  return filled
}
