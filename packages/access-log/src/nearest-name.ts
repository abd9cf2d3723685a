/** A name that `isKnown` and that one letter more, one less, another one or two swapped would make of `name`. */
export function nearestName(name: string, isKnown: (candidate: string) => boolean): string | undefined {
  const plain = name.toLowerCase().replace(/[^a-z0-9_]/g, '_')
  if (plain !== name && isKnown(plain)) return plain
  for (const candidate of neighbours(plain.slice(0, 64))) if (isKnown(candidate)) return candidate
  return undefined
}

function* neighbours(name: string): Generator<string> {
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789_'
  for (let at = 0; at <= name.length; at++) {
    const before = name.slice(0, at)
    const after = name.slice(at)
    yield before + after.slice(1)
    yield before + after.slice(1, 2) + after.slice(0, 1) + after.slice(2)
    for (const letter of letters) {
      yield before + letter + after
      yield before + letter + after.slice(1)
    }
  }
}
