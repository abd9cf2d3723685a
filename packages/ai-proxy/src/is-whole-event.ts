import { dataOf } from '@sluice/provider'

/**
 * Whether what stands behind the last blank line of a stream is an event that merely lacks its own, and not a
 * fragment of one. Without data it is worth something only behind an answer that has `finished`.
 */
export function isWholeEvent(rest: Buffer, finished: boolean): boolean {
  const data = dataOf(rest)
  if (data === undefined) return finished
  const text = data.toString('utf8').trim()
  if (text === '[DONE]') return true
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
