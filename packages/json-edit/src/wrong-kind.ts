import { showPath, type Segment } from './path.ts'
import type { Value } from './pieces.ts'
import type { Kind } from './text.ts'

/** Says that `what` cannot be done, because `value`, to which `segments` lead, is not of that kind. */
export function wrongKind(value: Value, kind: Kind, what: string, segments: readonly Segment[]): TypeError {
  return new TypeError(`cannot ${what}: ${showPath(segments)} must be ${named(kind)}, found ${named(value.kind)}`)
}

function named(kind: Kind): string {
  if (kind === 'null') return 'null'
  return `${/^[ao]/.test(kind) ? 'an' : 'a'} ${kind}`
}
