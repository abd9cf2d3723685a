import { showPath, type Segment } from './path.ts'
import type { Value } from './pieces.ts'
import type { Kind } from './text.ts'

/** A `TypeError` that says `what` cannot be done if `value`, to which `segments` lead, is of another kind. */
export function expectKind(value: Value, kind: Kind, what: string, segments: readonly Segment[]): void {
  if (value.kind === kind) return
  throw new TypeError(`cannot ${what}: ${showPath(segments)} must be ${named(kind)}, found ${named(value.kind)}`)
}

function named(kind: Kind): string {
  if (kind === 'null') return 'null'
  return `${/^[ao]/.test(kind) ? 'an' : 'a'} ${kind}`
}
