import assert from 'node:assert/strict'
import { Document, JsonSyntaxError } from '../src/index.ts'
import type { RandomJson } from './random-json.ts'

export const oneByOne = (bytes: Buffer): Buffer[] => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))

/** Two pieces, cut at each position in turn, both ends included. */
export const everyCut = (bytes: Buffer): Buffer[][] =>
  Array.from({ length: bytes.length + 1 }, (_, at) => [bytes.subarray(0, at), bytes.subarray(at)])

/** Pieces of random sizes, now and then of one byte each; copies, so that no view of the whole is behind them. */
export function cut(bytes: Buffer, json: RandomJson): Buffer[] {
  const largest = json.pick([1, 2, 7, 60, 600])
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + json.below(largest)
    pieces.push(Buffer.from(bytes.subarray(at, end)))
    at = end
  }
  return pieces
}

/** The document of the bytes, or why they are none, which must be the same in pieces. */
export function parseBoth(bytes: Buffer, json: RandomJson): Document | JsonSyntaxError {
  const [whole, inPieces] = [parse(bytes), parse(cut(bytes, json))]
  if (whole instanceof JsonSyntaxError) assert.equal(String(inPieces), String(whole))
  else assert.ok(inPieces instanceof Document, String(inPieces))
  return whole
}

function parse(bytes: Buffer | Buffer[]): Document | JsonSyntaxError {
  try {
    return Document.parse(bytes)
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error
    throw error
  }
}
