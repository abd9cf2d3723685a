import { ExprError } from './expr-error.ts'
import { compileJsonPath } from './json-path.ts'

/** Where a `post_arg.<path>` variable finds its value: the names of nested members, or a query over the whole body. */
export type BodyPath = MemberPath | BodyQuery

/** Leads down by member names; array elements cannot be reached. */
export interface MemberPath {
  readonly segments: readonly string[]
}

/** A JSONPath. */
export interface BodyQuery {
  /**
   * The matches, `undefined` where there are none. Takes a value that JSON can express. Throws an `ExprError` when
   * filters would need more than five million steps: whoever treats that as "absent" lets a hostile body turn a
   * condition round.
   */
  query(value: unknown): unknown[] | undefined
}

/**
 * Compiles what follows `post_arg.`: `model`, `metadata.tier`, or with `[`, `*` or `..` a JSONPath (RFC 9535) without
 * its `$.`, such as `messages[*].role` or `.type`, which stands for `$..type`. Throws an `ExprError` with the
 * parser's text.
 */
export function compileBodyPath(path: string): BodyPath {
  if (path.startsWith('.') || path.includes('..') || /[[*]/.test(path)) {
    return { query: compileJsonPath(path.startsWith('[') ? `$${path}` : `$.${path}`) }
  }
  const segments = path.split('.')
  if (segments.includes('')) throw new ExprError(`the body path '${path}' has an empty name`)
  return { segments }
}
