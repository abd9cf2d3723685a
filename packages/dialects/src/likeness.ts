const QUOTE = 0x22
const BACKSLASH = 0x5c

/** What stands for something else in a JSON string, and what may not stand in it. */
// oxlint-disable-next-line no-control-regex -- they are what JSON does not allow there
const special = /[\\\u0000-\u001f]/

/** Shapes that may be learned in vain; a stream whose events all differ beside their text is not worth more. */
const mostInVain = 8

/**
 * Knows an event that differs from an earlier one in nothing but the characters of one string. Most events of a stream
 * are like that, and what was found in the earlier one, apart from those characters, holds for them: two comparisons of
 * bytes take the place of a walk over the JSON.
 */
export class Likeness {
  #head: Buffer | undefined
  #tail: Buffer | undefined
  #inVain = 0

  /**
   * Remembers an event by where the characters of the string begin and end in its data. Whatever is looked for must not
   * depend on them, as long as there are any.
   */
  learn(event: Buffer, data: Buffer, from: number, to: number): void {
    if (this.#inVain >= mostInVain) return
    const before = data.byteOffset - event.byteOffset
    // Data of several lines is a copy, and stands nowhere in the event.
    if (data.buffer !== event.buffer || before < 0 || before + data.length > event.length) return
    this.#inVain++
    // Copies: views would keep the read alive that the event came in.
    this.#head = Buffer.from(event.subarray(0, before + from))
    this.#tail = Buffer.from(event.subarray(before + to))
  }

  /** Whether the event is like the one that was learned last, its string not empty. */
  has(event: Buffer): boolean {
    const head = this.#head
    const tail = this.#tail
    if (head === undefined || tail === undefined) return false
    const end = event.length - tail.length
    if (end <= head.length || endOfString(event, head.length) !== end) return false
    if (event.compare(tail, 0, tail.length, end) !== 0 || event.compare(head, 0, head.length, 0, head.length) !== 0) return false
    this.#inVain = 0
    return true
  }

  /** The string of an event for which `has` was true just now; undefined where what stands there is none of JSON's. */
  textOf(event: Buffer): string | undefined {
    const characters = event.toString('utf8', this.#head?.length, event.length - (this.#tail?.length ?? 0))
    return special.test(characters) ? unescaped(characters) : characters
  }

  /** What was found may no longer hold. */
  forget(): void {
    this.#head = undefined
  }
}

/** Where a string ends whose characters begin at `from`: at the first quote that is not escaped; -1 where there is none. */
function endOfString(bytes: Buffer, from: number): number {
  let quote = bytes.indexOf(QUOTE, from)
  while (quote > from && bytes[quote - 1] === BACKSLASH && isEscaped(bytes, from, quote)) quote = bytes.indexOf(QUOTE, quote + 1)
  return quote
}

/** Whether an odd number of backslashes stands before a place. */
function isEscaped(bytes: Buffer, from: number, at: number): boolean {
  let first = at
  while (first > from && bytes[first - 1] === BACKSLASH) first--
  return (at - first) % 2 === 1
}

function unescaped(characters: string): string | undefined {
  try {
    return JSON.parse(`"${characters}"`) as string
  } catch {
    return undefined // whoever parses all of it says what is wrong
  }
}
