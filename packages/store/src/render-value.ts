import { Document, isCollection, isPair, isScalar, Scalar, visit } from 'yaml'

/** How a file is written, as far as what is added to it is to look the same. */
export interface TextStyle {
  /** Not YAML that looks like it: nothing that JSON does not have may be added. */
  readonly isJson: boolean
  readonly eol: '\n' | '\r\n'
  /** White space that each level of a JSON text is indented by; empty: it is all on one line. */
  readonly unit: string
  /** JSON without a space behind its colons. */
  readonly isTight: boolean
  /** Columns that a map in a map is indented by. */
  readonly step: number
  /** Whether the dashes of a list in a map are indented too. */
  readonly indentsLists: boolean
}

/** A value over as many lines as it takes, each indented by `column`; without a line break at the end. */
export function renderBlock(value: unknown, column: number, style: TextStyle): string {
  const lines = stringify(prepared(value), style).split('\n')
  const indent = ' '.repeat(column)
  return lines.map((line) => (line === '' ? '' : indent + line)).join(style.eol)
}

/** A value to stand behind a key or a dash: what stands on their line, and what stands in lines below it. */
export interface Behind {
  readonly inline: string
  readonly lines: string | undefined
}

/** `columns`: where the lines of a map, and of a list, are to begin. A text is quoted as `like` is, if it can be. */
export function renderBehind(value: unknown, columns: { map: number; list: number }, style: TextStyle, like?: Scalar): Behind {
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
    return { inline: '', lines: renderBlock(value, Array.isArray(value) ? columns.list : columns.map, style) }
  }
  const [first = '', ...lines] = stringify(prepared({ k: scalarLike(value, like) }), { ...style, step: 1 }).split('\n')
  const indent = ' '.repeat(columns.map - 1)
  return {
    inline: first.slice('k: '.length),
    lines: lines.length > 0 ? lines.map((line) => (line === '' ? '' : indent + line)).join(style.eol) : undefined,
  }
}

/** A value within brackets; over several lines where `indent`, what the line of it is indented by, is given and it is JSON. */
export function renderFlow(value: unknown, style: TextStyle, indent?: string, like?: Scalar): string {
  if (!style.isJson) {
    // Within a list, so that a text of which a comma would end the item is quoted.
    return stringify(prepared([scalarLike(value, like)], true), style).slice(1, -1).trim()
  }
  if (indent !== undefined && style.unit !== '') {
    return JSON.stringify(value, null, style.unit).replaceAll('\n', style.eol + indent)
  }
  return style.isTight ? JSON.stringify(value) : spacedJson(value)
}

/** JSON on one line, with a space behind each comma and colon. */
function spacedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}: ${spacedJson(member)}`).join(', ')}}`
}

/** A text quoted as the one before it was. */
function scalarLike(value: unknown, like: Scalar | undefined): unknown {
  if (typeof value !== 'string' || typeof like?.value !== 'string') return value
  const scalar = new Scalar(value)
  if (like.type === 'QUOTE_DOUBLE' || like.type === 'QUOTE_SINGLE') scalar.type = like.type
  return scalar
}

function prepared(value: unknown, isFlow = false): Document {
  // Texts that YAML 1.1 reads as something else are quoted, for whoever else reads the file.
  const document = new Document(value, { compat: 'yaml-1.1', aliasDuplicateObjects: false, sortMapEntries: false })
  visit(document, (_, node) => {
    if (isPair(node) && isScalar(node.key) && node.key.value === '<<') node.key.type = Scalar.QUOTE_DOUBLE
    if (isCollection(node) && isFlow) node.flow = true
    if (isScalar(node) && typeof node.value === 'string' && (needsQuotes(node.value) || (isFlow && node.value.includes('\n')))) {
      node.type = Scalar.QUOTE_DOUBLE
    }
  })
  return document
}

/** What would be read as something else, or would not survive, in the form that the library would choose. */
function needsQuotes(text: string): boolean {
  if (!text.isWellFormed()) return true
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/.test(text)) return true
  // Blank lines around a block would be one with those around the entry.
  return text.includes('\n') && /^\s|\s\n$|[ \t]$/.test(text)
}

function stringify(document: Document, { step, indentsLists }: TextStyle): string {
  return document.toString({ lineWidth: 0, indent: step, indentSeq: indentsLists }).replace(/\n$/, '')
}
