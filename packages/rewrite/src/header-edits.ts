import { compileTemplate, type Variables } from '@sluice/expr'
import { headerText, type HeaderMap, type Issue } from '@sluice/kernel'

type Written = string | number
type Fields = Readonly<Record<string, Written>>

/** `headers` as they are written: `{ add, remove, set }`, or, as in former times, a flat map of what is to be set. */
export type WrittenHeaders = Readonly<Record<string, Written | Fields | readonly string[]>>

/** What is to be done with headers, names in lower case. It is done in this order. */
export interface HeaderEdits {
  readonly add: readonly (readonly [name: string, value: string])[]
  readonly remove: readonly string[]
  readonly set: readonly (readonly [name: string, value: string])[]
}

const operations: ReadonlySet<string> = new Set(['add', 'remove', 'set'])

/** Reads either form. In the flat one, an empty value removes a header. */
export function headerEditsOf(written: WrittenHeaders): HeaderEdits {
  if (!isFlat(written)) {
    const { add, remove, set } = written as { add?: Fields | readonly string[]; remove?: readonly string[]; set?: Fields }
    return { add: pairsOf(add), remove: (remove ?? []).map((name) => name.toLowerCase()), set: pairsOf(set) }
  }
  const fields = pairsOf(written as Fields)
  return {
    add: [],
    remove: fields.filter(([, value]) => value === '').map(([name]) => name),
    set: fields.filter(([, value]) => value !== ''),
  }
}

function isFlat(written: WrittenHeaders): boolean {
  return !Object.entries(written).some(([name, value]) => operations.has(name) && typeof value === 'object')
}

/** Of a map, or of lines such as `name: value`. */
function pairsOf(fields: Fields | readonly string[] = {}): (readonly [string, string])[] {
  const pairs = isLines(fields)
    ? fields.map((line): [string, string] => [line.slice(0, line.indexOf(':')).trim(), line.slice(line.indexOf(':') + 1).trim()])
    : Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)])
  return pairs.map(([name, value]) => [name.toLowerCase(), value])
}

function isLines(fields: Fields | readonly string[]): fields is readonly string[] {
  return Array.isArray(fields)
}

/** What is wrong with `headers`, written at `path`. `taken`: what is for others to say, with the reason. */
export function headerIssues(written: WrittenHeaders, path: Issue['path'], taken: ReadonlyMap<string, string>): readonly Issue[] {
  const issues: Issue[] = []
  if (!isFlat(written)) {
    for (const [name, value] of Object.entries(written)) {
      if (!operations.has(name) || typeof value !== 'object') issues.push({ path: [...path, name], message: 'must stand in set: add, remove and set are written here, too' })
    }
    if (issues.length > 0) return issues
  }
  const { add, remove, set } = headerEditsOf(written)
  for (const [name, value] of [...add, ...remove.map((one) => [one, ''] as const), ...set]) {
    const why = taken.get(name)
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) issues.push({ path, message: `${JSON.stringify(name)} is no header name` })
    else if (why !== undefined) issues.push({ path, message: `cannot change ${name}: ${why}` })
    // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
    else if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) issues.push({ path, message: `the value of ${name} holds control characters` })
  }
  return issues
}

/** Joining these with commas would change their meaning. */
const repeated: ReadonlySet<string> = new Set(['set-cookie', 'www-authenticate', 'proxy-authenticate'])

/** Compiles edits, whose values may have variables; what no header can carry is left out of those. */
export function compileHeaderEdits<C>({ add, remove, set }: HeaderEdits, variables: Variables<C>): { apply(headers: HeaderMap, context: C): void; needsBody: boolean } {
  const compile = ([name, value]: readonly [string, string]) => ({ name, template: compileTemplate(value, variables) })
  const added = add.map(compile)
  const replaced = set.map(compile)
  return {
    needsBody: [...added, ...replaced].some(({ template }) => template.needsBody),
    apply(headers, context) {
      for (const { name, template } of added) append(headers, name, headerText(template.render(context)))
      for (const name of remove) delete headers[name]
      for (const { name, template } of replaced) headers[name] = headerText(template.render(context))
    },
  }
}

function append(headers: HeaderMap, name: string, value: string): void {
  const before = headers[name]
  if (before === undefined) headers[name] = value
  else if (repeated.has(name) || typeof before === 'object') headers[name] = [...(typeof before === 'object' ? before : [before]), value]
  else headers[name] = `${before}${name === 'cookie' ? '; ' : ', '}${value}`
}
