import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib'
import { HttpError } from '@sluice/kernel'
import { mostBytes } from './gather.ts'

type Decode = (bytes: Buffer) => Promise<Buffer>

const options = { maxOutputLength: mostBytes }
const decoders: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ['', async (bytes) => bytes],
  ['identity', async (bytes) => bytes],
  ['gzip', (bytes) => promisify(gunzip)(bytes, options)],
  ['x-gzip', (bytes) => promisify(gunzip)(bytes, options)],
  ['deflate', (bytes) => promisify(inflate)(bytes, options)],
  ['br', (bytes) => promisify(brotliDecompress)(bytes, options)],
  ['zstd', (bytes) => promisify(zstdDecompress)(bytes, options)],
])

/** Whether a `Content-Encoding` can be taken away. */
export function canDecode(encoding: string): boolean {
  return decoders.has(encoding.trim().toLowerCase())
}

/** The bytes without it. Rejects with a 502 where they are not what they are said to be, or too many. */
export async function decode(bytes: Buffer, encoding: string): Promise<Buffer> {
  const decoder = decoders.get(encoding.trim().toLowerCase())
  if (!decoder || bytes.length === 0) return bytes
  try {
    return await decoder(bytes)
  } catch (cause) {
    throw new HttpError(502, 'undecodable_response', 'the answer could not be decompressed', { cause, outcome: 'upstream_error' })
  }
}
