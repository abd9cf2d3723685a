import { expect, test } from 'vitest'
import { PieceList } from '../src/index.ts'

test('large pieces are kept as they came', () => {
  const list = new PieceList()
  const pieces = [5000, 10, 70_000, 1].map((size) => Buffer.alloc(size, size))
  for (const piece of pieces) list.push(piece)
  expect(list.length).toBe(75_011)
  expect(list.pieces.every((piece, index) => piece === pieces[index])).toBe(true)
})

test('a hundred thousand single bytes become few pieces, and the same bytes', () => {
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 251))
  const list = new PieceList()
  for (let at = 0; at < bytes.length; at++) list.push(bytes.subarray(at, at + 1))
  expect(list.length).toBe(bytes.length)
  expect(list.pieces.length).toBeLessThan(200)
  expect(Buffer.concat(list.pieces).equals(bytes)).toBe(true)
})
