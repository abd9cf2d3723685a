import { Source } from './source.ts'
import { Text } from './text.ts'

/** A JSON value as a text of its own; one that is prepared as it is. Throws a `TypeError` for what JSON cannot say. */
export function encode(value: unknown): Text {
  if (value instanceof Text) return value
  const json = JSON.stringify(value) as string | undefined
  if (json === undefined) throw new TypeError(`a JSON value is needed, found ${typeof value}`)
  return whole(Buffer.from(json))
}

/** The same of an array, some of whose elements may be prepared. */
export function encodeList(values: readonly unknown[]): Text {
  const pieces = [open]
  for (const value of values) pieces.push(encode(value).bytes, comma)
  if (pieces.length > 1) pieces.pop()
  return whole(Buffer.concat([...pieces, close]))
}

const [open, comma, close] = ['[', ',', ']'].map((mark) => Buffer.from(mark)) as [Buffer, Buffer, Buffer]

/** A value that is put into many documents, turned into bytes once. */
export type Prepared = Pick<Text, 'kind'>

/** Turns a value into bytes once: for `set`, and among the values of `prepend` and `append`. Throws a `TypeError` for what JSON cannot say. */
export const prepare: (value: unknown) => Prepared = encode

/** Bytes that are known to be exactly one JSON value. */
export function whole(bytes: Buffer): Text {
  return new Text(Source.of(bytes), 0, bytes.length)
}

/** What stands between the quotes of a JSON string. */
export function encodeCharacters(text: string): Text {
  const json = Buffer.from(JSON.stringify(text))
  return new Text(Source.of(json), 1, json.length - 1)
}

/** A member name with its colon. */
export function encodeName(name: string): Text {
  return whole(Buffer.from(`${JSON.stringify(name)}:`))
}
