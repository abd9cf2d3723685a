/** A stack of one bit per level, object or array: depth costs no recursion and next to no memory. */
export class Nesting {
  depth = 0
  /** Whether the innermost level is an object. */
  inObject = false
  /** The levels around it, up to 30 of them, the nearest lowest. */
  #bits = 0
  readonly #outer: number[] = []

  enter(isObject: boolean): void {
    if (this.depth > 0 && this.depth % 30 === 0) {
      this.#outer.push(this.#bits)
      this.#bits = 0
    }
    this.#bits = (this.#bits << 1) | (this.inObject ? 1 : 0)
    this.inObject = isObject
    this.depth++
  }

  leave(): void {
    this.inObject = (this.#bits & 1) === 1
    this.#bits >>= 1
    this.depth--
    if (this.depth > 0 && this.depth % 30 === 0) this.#bits = this.#outer.pop() ?? 0
  }
}
