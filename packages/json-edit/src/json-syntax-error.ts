/** Bytes that are not JSON. The message says what was found, where, and what was expected. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError'
  /** Where the trouble starts, in bytes from the beginning of what was parsed. */
  readonly offset: number

  constructor(pieces: readonly Buffer[], offset: number, expected: string) {
    super(`unexpected ${found(pieces, offset)} at byte ${offset} (${place(pieces, offset)}), expected ${expected}`)
    this.offset = offset
  }
}

function found(pieces: readonly Buffer[], offset: number): string {
  const [bytes, at] = around(pieces, offset)
  const byte = bytes[at]
  if (byte === undefined) return 'end of input'
  if (byte < 0x20 || byte === 0x7f) return `control character 0x${byte.toString(16).padStart(2, '0')}`
  const character = String.fromCodePoint(bytes.toString('utf8', at, at + 4).codePointAt(0) ?? byte)
  return character === '\ufffd' ? `byte 0x${byte.toString(16)}` : `character ${JSON.stringify(character)}`
}

/** Bytes in one piece that hold those from `offset` on, as many as a character may have, and where they begin. */
function around(pieces: readonly Buffer[], offset: number): [bytes: Buffer, at: number] {
  let at = offset
  for (const [index, piece] of pieces.entries()) {
    if (at < piece.length) {
      const isEnough = at + 4 <= piece.length
      return [isEnough ? piece : Buffer.concat(headsOf([piece.subarray(at), ...pieces.slice(index + 1, index + 4)])), isEnough ? at : 0]
    }
    at -= piece.length
  }
  return [Buffer.alloc(0), 0]
}

/** The first four bytes of pieces, none of which is empty. */
function headsOf(pieces: readonly Buffer[]): Buffer[] {
  let missing = 4
  return pieces.map((piece) => {
    const head = piece.subarray(0, missing)
    missing -= head.length
    return head
  })
}

/** Columns count characters, so that they are what an editor shows; continuation bytes are none. */
function place(pieces: readonly Buffer[], offset: number): string {
  let line = 1
  let column = 1
  let before = offset
  for (const piece of pieces) {
    if (before === 0) break
    const end = Math.min(before, piece.length)
    let lineStart = 0
    for (let at = piece.indexOf(0x0a); at !== -1 && at < end; at = piece.indexOf(0x0a, lineStart)) {
      line++
      column = 1
      lineStart = at + 1
    }
    for (let at = lineStart; at < end; at++) if (((piece[at] ?? 0) & 0xc0) !== 0x80) column++
    before -= end
  }
  return `line ${line}, column ${column}`
}
