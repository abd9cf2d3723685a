/** Numbers from 0 up to 1, the same for the same seed (a Weyl sequence through an integer hash). */
export function randomOf(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
}

const numbers = ['0', '-0', '1.0', '12345678901234567890', '1e400', '-1.5E-3', '7e+2', '0.1e1', '42']
const names = ['a', 'b', 'c', '\\u0061', 'a.b', '', '__proto__', 'é', '\\n\\"', '\\\\', '7', '😀', '\\ud83d\\ude00', 'toString']
const characters = ['a', 'bcd', '\\"', '\\\\', '\\n', '\\u00e9', 'é', '😀', '\\ud800', '/', '\\/', '{', ']', ',', '\x7f']

/** Documents as hostile clients spell them: odd white space, escapes, duplicates, strange numbers, some depth. */
export class RandomJson {
  readonly random: () => number

  constructor(seed: number) {
    this.random = randomOf(seed)
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit)
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  document(): string {
    return this.space() + this.value(this.pick([1, 2, 3, 5])) + this.space()
  }

  value(depth: number): string {
    const kind = this.below(depth > 0 ? 10 : 5)
    if (kind === 0) return this.pick(['true', 'false', 'null'])
    if (kind === 1) return this.pick(numbers)
    if (kind < 5) return this.string()
    const entries = Array.from({ length: this.below(6) }, () => {
      const value = this.space() + this.value(depth - 1) + this.space()
      return kind < 8 ? `${this.space()}${this.name()}${this.space()}:${value}` : value
    })
    const inside = entries.length === 0 ? this.space() : entries.join(',')
    if (this.below(40) === 0) return '['.repeat(300) + inside.slice(0, 0) + ']'.repeat(300)
    return kind < 8 ? `{${inside}}` : `[${inside}]`
  }

  name(): string {
    return `"${this.pick(names)}"`
  }

  string(): string {
    const piece = () => this.pick([...characters, 'words '.repeat(this.below(12))])
    const long = this.below(12) === 0 ? 'x'.repeat(this.below(1500)) : ''
    return `"${Array.from({ length: this.below(8) }, piece).join('')}${long}${this.below(2) === 0 ? piece() : ''}"`
  }

  space(): string {
    return this.below(3) > 0 ? '' : this.pick([' ', '\n', '\t', '\r\n', '  \n '])
  }

  /** A value to set, of the kind that callers have in their hands. */
  plain(depth = 2): unknown {
    const kind = this.below(depth > 0 ? 6 : 4)
    if (kind < 4) return this.pick<unknown>([null, true, 7, 1.5, '', 'text "\n', 'é😀'])
    if (kind === 4) return Array.from({ length: this.below(3) }, () => this.plain(depth - 1))
    return JSON.parse(`{"a":${JSON.stringify(this.plain(depth - 1))},"__proto__":1}`)
  }
}

/**
 * What `JSON.parse` means to give: V8 13 and 14 misread escaped names (https://github.com/nodejs/node/issues/63785), so
 * it gets names without escapes here, and they are put back afterwards.
 */
export function parseSoundly(text: string): unknown {
  const parsed: unknown = JSON.parse(text)
  if (!/\\/.test(text)) return parsed
  const encoded = text.replaceAll(/("(?:[^"\\]|\\.)*")(\s*:)?/gs, (found, string: string, colon?: string) =>
    colon === undefined ? found : `"${Buffer.from(JSON.parse(string) as string, 'utf16le').toString('hex')}":`,
  )
  return rename(JSON.parse(encoded))
}

function rename(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rename)
  if (typeof value !== 'object' || value === null) return value
  const renamed = {}
  for (const [name, member] of Object.entries(value)) {
    const key = Buffer.from(name, 'hex').toString('utf16le')
    Object.defineProperty(renamed, key, { value: rename(member), writable: true, enumerable: true, configurable: true })
  }
  return renamed
}
