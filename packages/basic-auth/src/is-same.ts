import { hash, timingSafeEqual } from 'node:crypto'

/** Compares two texts in a time that depends on neither, their lengths aside from what a digest of them takes. */
export function isSame(one: string, other: string): boolean {
  return timingSafeEqual(hash('sha256', one, 'buffer'), hash('sha256', other, 'buffer'))
}
