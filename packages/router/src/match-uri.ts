import type { Piece, UriPattern } from './uri-pattern.ts'

/** Where parameters are written to. */
type Params = Record<string, string>

/** Whether a path that has the pattern's prefix (or for an exact one is it) matches. Linear in the path. */
export function admits(pattern: UriPattern, path: string): boolean {
  return pattern.kind !== 'pattern' || walk(pattern, path, undefined)
}

/** What a path that matches gives the pattern's parameters. */
export function capture(pattern: UriPattern, path: string): Readonly<Params> {
  const params = Object.create(null) as Params
  walk(pattern, path, params)
  return params
}

/**
 * A star takes as little as it can: chunk after chunk is looked for from left to right, and without a tail the last
 * one at the end. No chunk need ever be looked for twice, since an earlier find ends no later than any other.
 */
function walk({ chunks, tail }: UriPattern, path: string, params: Params | undefined): boolean {
  const [first = [], ...floating] = chunks
  let at = forward(first, path, 0, params)
  const last = tail === undefined ? floating.pop() : undefined

  for (const chunk of floating) if (at >= 0) at = find(chunk, path, at, params)
  if (at < 0) return false
  if (last) return backward(last, path, at, params)
  if (tail === undefined) return at === path.length
  if (params) params[tail] = path.slice(at)
  return true
}

/** Where a chunk ends that starts at a place, or -1. */
function forward(chunk: readonly Piece[], path: string, start: number, params: Params | undefined): number {
  let at = start
  for (const piece of chunk) {
    if (typeof piece === 'string') {
      if (!path.startsWith(piece, at)) return -1
      at += piece.length
      continue
    }
    const slash = path.indexOf('/', at)
    const end = slash < 0 ? path.length : slash
    if (end === at) return -1
    if (params) params[piece.param] = path.slice(at, end)
    at = end
  }
  return at
}

/** Where a chunk ends that starts at a place or as soon as possible after it, or -1. */
function find(chunk: readonly Piece[], path: string, from: number, params: Params | undefined): number {
  const [text] = chunk
  if (typeof text !== 'string') return from
  for (let start = path.indexOf(text, from); start >= 0; start = path.indexOf(text, start + 1)) {
    const end = forward(chunk, path, start, params)
    if (end >= 0) return end
  }
  return -1
}

/** Whether a chunk ends where the path ends, and starts at a place or after it. */
function backward(chunk: readonly Piece[], path: string, from: number, params: Params | undefined): boolean {
  let at = path.length
  for (let i = chunk.length - 1; i >= 0; i--) {
    const piece = chunk[i] ?? ''
    if (typeof piece === 'string') {
      if (!path.endsWith(piece, at)) return false
      at -= piece.length
      continue
    }
    const start = path.lastIndexOf('/', at - 1) + 1
    if (start === at) return false
    if (params) params[piece.param] = path.slice(start, at)
    at = start
  }
  return at >= from
}
