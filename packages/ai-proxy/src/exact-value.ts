import { hasLongNumbers, parseExact } from '@sluice/dialects'
import type { Document } from '@sluice/json-edit'

/** All that a document says, to be translated: whole numbers that a double cannot hold will be written as they came. */
export function exactValue(document: Document): unknown {
  const text = document.raw([])?.toString('utf8') ?? ''
  return hasLongNumbers(text) ? parseExact(text) : document.get([])
}
