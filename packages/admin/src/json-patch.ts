import { applyPatch, Pointer, type Operation } from 'rfc6902'
import { isTooDeep, sizeOf } from './depth.ts'
import { refuse } from './refusal.ts'
import type { Fields } from './view.ts'
import { isFields } from './write-resource.ts'

/** Operations of one patch. */
const mostOperations = 1_000
/** Values that `copy` may make in all: each could double what is there. */
const mostCopied = 100_000

/** Whether a body is a list of operations of RFC 6902. */
export function isOperations(body: unknown, contentType: string): body is readonly unknown[] {
  if (Array.isArray(body)) return true
  if (contentType.startsWith('application/json-patch+json')) throw refuse(400, 'invalid JSON patch: must be a list of operations')
  return false
}

/** What comes of a value by operations, all of them or none. Throws a `Refusal`. https://www.rfc-editor.org/rfc/rfc6902 */
export function applyOperations(value: Fields, operations: readonly unknown[]): Fields {
  if (operations.length > mostOperations) throw refuse(400, `invalid JSON patch: more than ${mostOperations} operations`)
  const checked = operations.map((operation, index) => {
    const problem = problemOf(operation)
    if (problem !== undefined) throw refuse(400, `invalid JSON patch: [${index}]: ${problem}`)
    return operation as Operation
  })
  // Below a root of its own, so that the whole may be replaced too.
  const root = { value: structuredClone(value) as Fields }
  let copied = 0
  for (const [index, operation] of checked.entries()) {
    if (operation.op === 'copy') copied += sizeOf(Pointer.fromJSON(belowRoot(operation.from)).get(root), mostCopied)
    if (copied >= mostCopied) throw refuse(400, `invalid JSON patch: copies more than ${mostCopied} values`)
    if (!isDone(root, operation)) throw refuse(400, `invalid JSON patch: [${index}]: ${operation.op} ${JSON.stringify(operation.path)} cannot be done`)
  }
  if (isTooDeep(root.value)) throw refuse(400, 'invalid JSON patch: the resource would be nested too deeply')
  if (!isFields(root.value)) throw refuse(400, 'invalid JSON patch: a resource must be an object')
  return root.value
}

/** Each by itself: the library goes on behind one that failed. */
function isDone(root: object, operation: Operation): boolean {
  const moved = { ...operation, path: belowRoot(operation.path), ...('from' in operation && { from: belowRoot(operation.from) }) } as Operation
  try {
    return applyPatch(root, [moved])[0] === null
  } catch (error) {
    if (error instanceof RangeError) return false // nested deeper than it can walk
    throw error
  }
}

function belowRoot(pointer: string): string {
  return `/value${pointer}`
}

const operations = ['add', 'remove', 'replace', 'move', 'copy', 'test']
const names = /(?:^|\/)(?:__proto__|constructor|prototype)(?:\/|$)/

function problemOf(operation: unknown): string | undefined {
  if (!isFields(operation)) return 'must be an object'
  const { op, path, from } = operation
  if (!operations.includes(String(op))) return `op must be one of ${operations.join(', ')}`
  if (!isPointer(path)) return 'path must be a JSON Pointer'
  if ((op === 'move' || op === 'copy') && !isPointer(from)) return 'from must be a JSON Pointer'
  if (['add', 'replace', 'test'].includes(String(op)) && !('value' in operation)) return 'value is required'
  return undefined
}

function isPointer(text: unknown): text is string {
  return typeof text === 'string' && text.length <= 4_096 && (text === '' || text.startsWith('/')) && !names.test(text)
}
