/** Bytes that are not JSON. The message says what was found, where, and what was expected. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError'
  /** Where the trouble starts, in bytes from the beginning of what was parsed. */
  readonly offset: number

  constructor(bytes: Buffer, offset: number, expected: string) {
    super(`unexpected ${found(bytes, offset)} at byte ${offset} (${place(bytes, offset)}), expected ${expected}`)
    this.offset = offset
  }
}

function found(bytes: Buffer, offset: number): string {
  const byte = bytes[offset]
  if (byte === undefined) return 'end of input'
  if (byte < 0x20 || byte === 0x7f) return `control character 0x${byte.toString(16).padStart(2, '0')}`
  const character = String.fromCodePoint(bytes.toString('utf8', offset, offset + 4).codePointAt(0) ?? byte)
  return character === '\ufffd' ? `byte 0x${byte.toString(16)}` : `character ${JSON.stringify(character)}`
}

/** Columns count characters, so that they are what an editor shows; continuation bytes are none. */
function place(bytes: Buffer, offset: number): string {
  let line = 1
  let lineStart = 0
  for (let at = bytes.indexOf(0x0a); at !== -1 && at < offset; at = bytes.indexOf(0x0a, lineStart)) {
    line++
    lineStart = at + 1
  }
  let column = 1
  for (let at = lineStart; at < offset; at++) if (((bytes[at] ?? 0) & 0xc0) !== 0x80) column++
  return `line ${line}, column ${column}`
}
