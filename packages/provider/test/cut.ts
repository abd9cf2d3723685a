import { expect } from 'vitest'
import type { Framer } from '../src/index.ts'

/** What a framer makes of chunks: the events, and what was left. */
export function frame(framer: Framer, chunks: readonly Buffer[]): { events: string[]; rest: string } {
  const events: string[] = []
  for (const chunk of chunks) {
    const { bytes, ends } = framer.push(chunk) ?? { bytes: Buffer.alloc(0), ends: [] }
    let start = 0
    for (const end of ends) {
      events.push(bytes.toString('latin1', start, end))
      start = end
    }
    expect(start).toBe(bytes.length)
  }
  return { events, rest: framer.end()?.toString('latin1') ?? '' }
}

/** Where the events of a stream end that is cut in two. */
export function endsOf(framer: Framer, bytes: Buffer, cut: number): string {
  const first = framer.push(bytes.subarray(0, cut))?.ends ?? []
  const passed = cut - framer.heldBytes
  const second = framer.push(bytes.subarray(cut))?.ends ?? []
  return [...first, ...second.map((end) => end + passed)].join()
}

/** Every byte on its own. */
export function crumbs(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (byte) => Buffer.from([byte]))
}

/** Pieces of up to `largest` bytes. */
export function pieces(bytes: Buffer, largest: number, below: (limit: number) => number): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + below(largest)
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return chunks
}

export function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
