/** A word, or a token. */
export type Word = string | number

/** A few words are enough to tell texts apart; a whole book would keep the mock busy. */
export function wordsOf(text: string): readonly Word[] {
  return (
    text
      .slice(0, 20_000)
      .toLowerCase()
      .match(/[^\s.,;:!?"()]+/g) ?? [text]
  )
}

/** Each word pulls into a direction of its own, so texts that share words lie closer together. Of unit length. */
export function toVector(words: readonly Word[], dimensions: number): Float32Array {
  const sum = new Float64Array(dimensions)
  for (const word of words) addDirection(sum, seedOf(word))
  const length = Math.sqrt(sum.reduce((squares, value) => squares + value * value, 0))
  return Float32Array.from(sum, (value) => value / (length || 1))
}

/** FNV-1a, 32 bits. */
function seedOf(word: Word): number {
  const text = String(word)
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** Mulberry32, a small seeded generator. */
function addDirection(sum: Float64Array, seed: number): void {
  let state = seed
  for (let i = 0; i < sum.length; i++) {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    sum[i] = (sum[i] ?? 0) + ((mixed ^ (mixed >>> 14)) >>> 0) / 0x80000000 - 1
  }
}

/** Nine digits name a float32 exactly. */
export function toNumbers(vector: Float32Array): number[] {
  return Array.from(vector, (value) => Number(value.toPrecision(9)))
}
