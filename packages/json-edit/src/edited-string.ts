import type { Part } from './pieces.ts'
import type { Text } from './text.ts'

/** A string with text put before and behind it; what stands between its own quotes is not decoded. Never changes. */
export class EditedString {
  readonly kind = 'string'
  readonly #text: Text
  readonly #before: readonly Text[]
  readonly #after: readonly Text[]

  constructor(text: Text, before: readonly Text[] = [], after: readonly Text[] = []) {
    this.#text = text
    this.#before = before
    this.#after = after
  }

  /** With characters as JSON writes them in front. */
  prepended(characters: Text): EditedString {
    return new EditedString(this.#text, [characters, ...this.#before], this.#after)
  }

  /** With characters as JSON writes them behind. */
  appended(characters: Text): EditedString {
    return new EditedString(this.#text, this.#before, [...this.#after, characters])
  }

  parts(): Part[] {
    const { source, start, end } = this.#text
    return [
      { source, start, end: start + 1 },
      ...this.#before,
      { source, start: start + 1, end: end - 1 },
      ...this.#after,
      { source, start: end - 1, end },
    ]
  }
}
