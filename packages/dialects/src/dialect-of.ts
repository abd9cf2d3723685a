import type { Dialect } from '@sluice/provider'
import type { DialectFacts } from './dialect-facts.ts'

const known = new Map<Dialect, DialectFacts>()

/** The facts of a dialect; undefined where Sluice knows the name and not yet the protocol. */
export function dialectOf(name: Dialect): DialectFacts | undefined {
  return known.get(name)
}
