import type { Issue } from '@sluice/kernel'
import { LineCounter, parseDocument, type Node, type YAMLError } from 'yaml'
import { locateIn } from './locate-in.ts'
import { readJson } from './read-json.ts'
import { toPlain } from './to-plain.ts'

/** A place in the text; both count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A problem that may know its place by itself: one of the text, before there are paths. */
export interface Problem extends Issue {
  readonly position?: Position
}

export interface ParsedConfig {
  /** Plain JSON values; undefined where there are issues. */
  readonly value: unknown
  /** What keeps the text from being read; their paths are empty, their positions set. */
  readonly issues: readonly Problem[]
  /** Where a member stands: its key in a map, itself in a list; the nearest that exists above it where it does not. */
  locate(path: Issue['path']): Position | undefined
}

/** Reads one YAML 1.2 or JSON document, strictly: what could be read in two ways is a problem. Never throws. */
export function parseConfig(text: string): ParsedConfig {
  const json = readJson(text)
  if (!json) return parseYaml(text)
  let tree: ParsedConfig | undefined
  return { ...json, issues: [], locate: (path) => (tree ??= parseYaml(text)).locate(path) }
}

function parseYaml(text: string): ParsedConfig {
  const lines = new LineCounter()
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(Math.max(0, offset))
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  let document
  try {
    // Keys are compared by toPlain, in linear time. Pretty errors would quote the source, and with it secrets.
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return failed([{ path: [], message: 'is nested too deeply' }])
  }
  const faults = [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0])
  if (faults.length > 0) return failed(faults.slice(0, mostFaults).map((fault) => toProblem(fault, text, positionAt)))

  const root: Node | null = document.contents
  if (root === null) return failed([{ path: [], message: 'is empty', position: positionAt(0) }])
  const plain = toPlain(root)
  if (plain.faults.length > 0) {
    return failed(
      plain.faults
        .slice(0, mostFaults)
        .map(({ offset, message }) => ({ path: [], message, position: positionAt(offset) })),
    )
  }
  return {
    value: plain.value,
    issues: [],
    locate(path) {
      const offset = locateIn(root, plain.targets, path)
      return offset === undefined ? undefined : positionAt(offset)
    },
  }
}

function failed(issues: Problem[]): ParsedConfig {
  return { value: undefined, issues, locate: () => undefined }
}

/** One mistake in YAML often makes many errors; the first ones tell. */
const mostFaults = 20

function toProblem({ code, message, pos }: YAMLError, text: string, positionAt: (offset: number) => Position): Problem {
  const position = positionAt(Math.min(pos[0], text.length))
  // Every JSON text is YAML, and whoever wrote JSON has not heard of that.
  const isJson = /^\s*[{[]/.test(text)
  const what = isJson && code === 'MULTILINE_IMPLICIT_KEY' ? 'a comma is missing behind this value' : textOf(code, message)
  const intro = whole.has(code) ? '' : `is not valid ${isJson ? 'JSON or YAML' : 'YAML'}: `
  return { path: [], message: intro + what, position }
}

/** Errors of which the text is the whole message. */
const whole: ReadonlySet<YAMLError['code']> = new Set(['MULTIPLE_DOCS', 'RESOURCE_EXHAUSTION'])

// The library's own texts, except where they quote the source, or speak of YAML's grammar rather than of what is wrong.
function textOf(code: YAMLError['code'], message: string): string {
  switch (code) {
    case 'MULTIPLE_DOCS':
      return 'holds several YAML documents; one is allowed'
    case 'RESOURCE_EXHAUSTION':
      return 'is nested too deeply'
    case 'TAG_RESOLVE_FAILED':
      return 'a tag that is not known, or does not fit its value'
    case 'BAD_DIRECTIVE':
      return 'a directive that is not known'
    case 'BAD_DQ_ESCAPE':
      return 'an escape sequence that is not known, in double quotes'
    case 'UNEXPECTED_TOKEN':
      return message.replace(/(?: in YAML stream)?: .*$/su, '')
    case 'TAB_AS_INDENT':
      return 'tabs are not allowed as indentation; use spaces'
    case 'BLOCK_IN_FLOW':
      return 'a comma, or a closing quote, is missing before this place'
    case 'BAD_ALIAS':
      return "a text that begins with '*' needs quotes"
    case 'BAD_SCALAR_START':
      return `${message}; put the text in quotes`
    case 'BLOCK_AS_IMPLICIT_KEY':
      return message.startsWith('Nested mappings') ? "a text with ': ' in it needs quotes" : message
    case 'BAD_INDENT':
    case 'MISSING_CHAR':
      return indentation(message)
    default:
      return message
  }
}

function indentation(message: string): string {
  if (message.startsWith('Sequence item without')) return 'this line is indented like none of those above it'
  const [, closing] = /must be sufficiently indented and end with a (.)$/u.exec(message) ?? []
  return closing === undefined ? message : `a ${closing} is missing, or stands too far to the left`
}
