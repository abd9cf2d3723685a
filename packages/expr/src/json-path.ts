import { JSONPathError, jsonpath, type JSONPathQuery } from 'json-p3'
import { Evaluation, type Walk } from './evaluation.ts'
import { ExprError } from './expr-error.ts'
import { compileFilter, type Filter } from './json-path-filter.ts'

const { selectors } = jsonpath

type Selector = (node: unknown, found: unknown[], evaluation: Evaluation) => void

/**
 * Compiles an RFC 9535 query into one that gives its matches, or `undefined` where there are none. `json-p3` parses
 * and checks it; walking is ours, because hostile documents must cost neither stack nor quadratic time. One
 * difference follows from that: a node that several `..` reach is found once.
 */
export function compileJsonPath(path: string): (value: unknown) => unknown[] | undefined {
  const walk = compileQuery(parsed(path))
  return (root) => {
    const found = walk([root], new Evaluation(root))
    return found.length > 0 ? [...found] : undefined
  }
}

function parsed(path: string): JSONPathQuery {
  try {
    return jsonpath.compile(path)
  } catch (error) {
    if (!(error instanceof JSONPathError || error instanceof RangeError)) throw error
    throw new ExprError(`JSONPath ${path}: ${error.message}`)
  }
}

/** Compiles a parsed query; its first node is the root, or in a filter the node that is looked at. */
export function compileQuery({ segments }: JSONPathQuery): Walk {
  let overlap = false
  const walks = segments.map((segment) => {
    const choices = segment.selectors.map(compileSelector)
    if (!segment.toString().startsWith('..')) return children(choices)
    const walk = descendants(choices, overlap)
    overlap = true
    return walk
  })
  return (nodes, evaluation) => walks.reduce((found, walk) => walk(found, evaluation), nodes)
}

function children(choices: readonly Selector[]): Walk {
  return (nodes, evaluation) => {
    const found: unknown[] = []
    for (const node of nodes) for (const select of choices) select(node, found, evaluation)
    evaluation.spend(nodes.length + found.length)
    return found
  }
}

/** Visits the containers below the nodes, parents before children; each once, also where the nodes overlap. */
function descendants(choices: readonly Selector[], overlap: boolean): Walk {
  return (nodes, evaluation) => {
    const found: unknown[] = []
    const seen = overlap ? new Set<unknown>() : undefined
    for (const start of nodes) {
      const waiting = [start]
      while (waiting.length > 0) {
        const node = waiting.pop()
        if (!isContainer(node) || seen?.has(node)) continue
        seen?.add(node)
        for (const select of choices) select(node, found, evaluation)
        const values = valuesOf(node)
        for (let i = values.length - 1; i >= 0; i--) if (isContainer(values[i])) waiting.push(values[i])
        evaluation.spend(values.length + 1)
      }
    }
    return found
  }
}

function compileSelector(selector: jsonpath.JSONPathSelector): Selector {
  if (selector instanceof selectors.NameSelector) return member(selector.name)
  if (selector instanceof selectors.IndexSelector) return element(selector.index)
  if (selector instanceof selectors.SliceSelector) return slice(selector)
  if (selector instanceof selectors.WildcardSelector) return everything
  if (selector instanceof selectors.FilterSelector) return filter(compileFilter(selector.expression, compileQuery))
  throw new ExprError(`JSONPath: ${selector.toString()} is not supported`)
}

function member(name: string): Selector {
  return (node, found) => {
    if (isContainer(node) && !isArray(node) && Object.hasOwn(node, name)) found.push(node[name])
  }
}

function element(index: number): Selector {
  return (node, found) => {
    if (!isArray(node)) return
    const at = index < 0 ? node.length + index : index
    if (at >= 0 && at < node.length) found.push(node[at])
  }
}

/** https://www.rfc-editor.org/rfc/rfc9535#section-2.3.4.2.2 */
function slice({ start, stop, step = 1 }: jsonpath.selectors.SliceSelector): Selector {
  return (node, found) => {
    if (!isArray(node) || step === 0) return
    const { length } = node
    const [lowest, highest] = step > 0 ? [0, length] : [-1, length - 1]
    const bound = (at: number): number => Math.min(Math.max(at < 0 ? length + at : at, lowest), highest)
    const first = bound(start ?? (step > 0 ? 0 : Infinity))
    const beyond = step > 0 ? highest : lowest
    const end = stop === undefined ? beyond : bound(stop)
    for (let at = first; step > 0 ? at < end : at > end; at += step) found.push(node[at])
  }
}

const everything: Selector = (node, found) => {
  if (!isContainer(node)) return
  for (const value of valuesOf(node)) found.push(value)
}

function filter(holds: Filter): Selector {
  return (node, found, { filters }) => {
    if (!isContainer(node)) return
    for (const value of valuesOf(node)) {
      filters.spend(1)
      if (holds(value, filters)) found.push(value)
    }
  }
}

function isContainer(value: unknown): value is Record<string, unknown> | readonly unknown[] {
  return typeof value === 'object' && value !== null
}

function valuesOf(container: object): readonly unknown[] {
  return isArray(container) ? container : Object.values(container)
}

const isArray = (value: unknown): value is readonly unknown[] => Array.isArray(value)
