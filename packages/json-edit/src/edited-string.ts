import type { Part } from './pieces.ts'
import type { Text } from './text.ts'

/** A string with text put before and behind it; what stands between its own quotes is not decoded. Never changes. */
export class EditedString {
  readonly kind = 'string'
  readonly #text: Text
  readonly #before: readonly Buffer[]
  readonly #after: readonly Buffer[]

  constructor(text: Text, before: readonly Buffer[] = [], after: readonly Buffer[] = []) {
    this.#text = text
    this.#before = before
    this.#after = after
  }

  prepended(characters: Buffer): EditedString {
    return new EditedString(this.#text, [characters, ...this.#before], this.#after)
  }

  appended(characters: Buffer): EditedString {
    return new EditedString(this.#text, this.#before, [...this.#after, characters])
  }

  parts(): Part[] {
    const { source, start, end } = this.#text
    return [
      { bytes: source.bytes, start, end: start + 1 },
      ...this.#before,
      { bytes: source.bytes, start: start + 1, end: end - 1 },
      ...this.#after,
      { bytes: source.bytes, start: end - 1, end },
    ]
  }
}
