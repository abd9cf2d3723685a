import { UpstreamNonsense } from '../translate/errors.ts'

/** Reads one vector; `index` is its place in the answer. */
export function vectorOf(value: unknown, index: number): number[] {
  if (typeof value === 'string' && value !== '') return fromBase64(value, index)
  if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'number')) return value
  throw new UpstreamNonsense(`invalid embedding at index ${index}`)
}

/** Little-endian float32, as OpenAI sends them to its own SDKs. */
function fromBase64(text: string, index: number): number[] {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length === 0 || bytes.length % 4 !== 0) throw new UpstreamNonsense(`invalid embedding at index ${index}`)
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4))
}

/** A vector as OpenAI's SDKs ask for it. */
export function toBase64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4)
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * 4)
  return bytes.toString('base64')
}
