import type { Document } from '@sluice/json-edit'

/** Where a member stands whose place is given with dots, such as `generationConfig.topP`. */
export function memberAt(document: Document, place: string): string[] {
  if (!place.includes('.')) return [place]
  const found: string[] = []
  // Google takes each name in snake case, too: what the client has in one spelling is not to come again in the other.
  for (const name of place.split('.')) found.push(document.has([...found, snakeCase(name)]) ? snakeCase(name) : name)
  return found
}

/** Sets a member, within an object that may not be there yet; where something else is in its place, the provider will say what is wrong with that. */
export function setMember(document: Document, at: readonly string[], value: unknown): void {
  const outer = at.slice(0, -1)
  if (outer.length > 0) {
    const kind = document.kind(outer)
    if (kind === 'null') document.delete(outer)
    else if (kind !== undefined && kind !== 'object') return
  }
  document.set(at, value)
}

/** The names that the top-level member of a place may have. */
export function topNames(place: string): string[] {
  const [name = place] = place.split('.')
  return name === place ? [name] : [name, snakeCase(name)]
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
