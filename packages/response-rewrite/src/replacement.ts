import type { Match } from '@sluice/expr'

/** Makes the text that stands in place of a match. */
export type Replacement = (groups: Match['groups']) => string

const references = /\$(?:\$|(\d+)|\{(\d+)\})/g

/** Numbers of the groups that a replacement names. */
export function groupsIn(text: string): number[] {
  return Array.from(text.matchAll(references), ([, bare, braced]) => Number(bare ?? braced ?? 0))
}

/** Compiles `$1`, `${1}` and `$$`, a dollar sign; what is none of these stays as it is written. */
export function compileReplacement(text: string): Replacement {
  if (!text.includes('$')) return () => text
  return (groups) =>
    text.replaceAll(references, (whole, bare?: string, braced?: string) => (whole === '$$' ? '$' : (groups[Number(bare ?? braced)] ?? '')))
}
