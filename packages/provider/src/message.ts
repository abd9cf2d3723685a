import { crc32 } from 'node:zlib'
import { BrokenMessageError } from './framing.ts'

/** Lengths of message and headers, and the checksum of the two. */
export const preludeBytes = 12
const checksumBytes = 4
const STRING = 7

/** What a header may hold; 64-bit numbers are `bigint`, and a UUID is its text. */
export type MessageHeader = string | number | bigint | boolean | Buffer | Date

/** One message of a binary event stream, decoded: https://smithy.io/2.0/aws/amazon-eventstream.html */
export interface Message {
  /** In the order in which they stand; names with their colon, such as `:event-type`. */
  readonly headers: ReadonlyMap<string, MessageHeader>
  readonly payload: Buffer
}

/** Decodes one whole message as `MessageFramer` cuts them: its checksums have been checked there, and are not again. */
export function decodeMessage(bytes: Buffer): Message {
  const headers = new Map<string, MessageHeader>()
  const end = headersEnd(bytes)
  for (let at = preludeBytes; at < end; ) {
    const nameEnd = at + 1 + bytes.readUInt8(at)
    const next = headerEnd(bytes, at, end)
    headers.set(bytes.toString('utf8', at + 1, nameEnd), headerValue(bytes, nameEnd, next))
    at = next
  }
  return { headers, payload: payloadOf(bytes) }
}

/** The type of the event that a message is, or of the exception, or the code of the error; '' where it has none. */
export function nameOfMessage({ headers }: Message): string {
  const name = headers.get(':event-type') ?? headers.get(':exception-type') ?? headers.get(':error-code') ?? ''
  return typeof name === 'string' ? name : ''
}

/** The payload of one whole message, as the bytes that stand in it. */
export function payloadOf(bytes: Buffer): Buffer {
  return bytes.subarray(headersEnd(bytes), bytes.length - checksumBytes)
}

/** Writes one message, its headers as strings. A name of more than 255 bytes or a value of more than 65,535 is a `RangeError`. */
export function encodeMessage(headers: Readonly<Record<string, string>>, payload: Buffer | string): Buffer {
  return messageEncoder(headers)(payload)
}

/** The same for many messages whose headers are alike: they are written once. */
export function messageEncoder(headers: Readonly<Record<string, string>>): (payload: Buffer | string) => Buffer {
  const written = Buffer.concat(Object.entries(headers).map(([name, value]) => encodeHeader(name, value)))
  const payloadAt = preludeBytes + written.length
  return (payload) => {
    const total = payloadAt + Buffer.byteLength(payload) + checksumBytes
    const bytes = Buffer.allocUnsafe(total)
    bytes.writeUInt32BE(total, 0)
    bytes.writeUInt32BE(written.length, 4)
    bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8)
    written.copy(bytes, preludeBytes)
    if (typeof payload === 'string') bytes.write(payload, payloadAt)
    else payload.copy(bytes, payloadAt)
    bytes.writeUInt32BE(crc32(bytes.subarray(0, total - checksumBytes)), total - checksumBytes)
    return bytes
  }
}

/** Length of the message that begins at `at`, where its 12 bytes of prelude stand. Throws a `BrokenMessageError`. */
export function messageLength(bytes: Buffer, at: number): number {
  const total = bytes.readUInt32BE(at)
  const headers = bytes.readUInt32BE(at + 4)
  if (crc32(bytes.subarray(at, at + 8)) !== bytes.readUInt32BE(at + 8)) {
    throw new BrokenMessageError('a message of the stream has a wrong checksum over its lengths')
  }
  if (headers + preludeBytes + checksumBytes > total) {
    throw new BrokenMessageError(`a message of the stream has ${total} bytes, which cannot hold ${headers} bytes of headers`)
  }
  return total
}

/** Throws a `BrokenMessageError` where the checksum of a whole message, or the length of a header in it, is wrong. */
export function checkMessage(bytes: Buffer): void {
  const covered = bytes.length - checksumBytes
  if (crc32(bytes.subarray(0, covered)) !== bytes.readUInt32BE(covered)) {
    throw new BrokenMessageError('a message of the stream has a wrong checksum')
  }
  const end = headersEnd(bytes)
  for (let at = preludeBytes; at < end; ) at = headerEnd(bytes, at, end)
}

function headersEnd(bytes: Buffer): number {
  return preludeBytes + bytes.readUInt32BE(4)
}

/** Bytes of a value, by its type; those of the two that say it themselves are missing. */
const valueBytes = new Map([[0, 0], [1, 0], [2, 1], [3, 2], [4, 4], [5, 8], [8, 8], [9, 16]])

/** Where the header that begins at `at` ends: length and name, type, value. */
function headerEnd(bytes: Buffer, at: number, end: number): number {
  const typeAt = at + 1 + bytes.readUInt8(at)
  const type = typeAt < end ? bytes.readUInt8(typeAt) : undefined
  let next = end + 1
  if (type === 6 || type === STRING) {
    if (typeAt + 3 <= end) next = typeAt + 3 + bytes.readUInt16BE(typeAt + 1)
  } else if (type !== undefined) next = typeAt + 1 + (valueBytes.get(type) ?? bytes.length)
  if (next > end) throw new BrokenMessageError('a message of the stream has a header that its bytes cannot hold')
  return next
}

/** The value whose type stands at `at`. */
function headerValue(bytes: Buffer, at: number, end: number): MessageHeader {
  switch (bytes.readUInt8(at)) {
    case 0:
      return true
    case 1:
      return false
    case 2:
      return bytes.readInt8(at + 1)
    case 3:
      return bytes.readInt16BE(at + 1)
    case 4:
      return bytes.readInt32BE(at + 1)
    case 5:
      return bytes.readBigInt64BE(at + 1)
    case 6:
      return bytes.subarray(at + 3, end)
    case 8:
      return new Date(Number(bytes.readBigInt64BE(at + 1)))
    case 9:
      return bytes.toString('hex', at + 1, end).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
    default:
      return bytes.toString('utf8', at + 3, end)
  }
}

function encodeHeader(name: string, value: string): Buffer {
  const nameBytes = Buffer.from(name)
  const valueLength = Buffer.byteLength(value)
  if (nameBytes.length > 0xff) throw new RangeError('the name of a header has 255 bytes at most')
  if (valueLength > 0xffff) throw new RangeError(`the value of the header "${name}" has 65,535 bytes at most`)
  const length = Buffer.from([STRING, valueLength >> 8, valueLength & 0xff])
  return Buffer.concat([Buffer.from([nameBytes.length]), nameBytes, length, Buffer.from(value)])
}
