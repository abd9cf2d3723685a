/** Parses a stretch of bytes; undefined where it is no JSON. */
export function parseJson(bytes: Buffer, start = 0, end = bytes.length): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start, end))
  } catch {
    return undefined // whoever asks goes on without
  }
}
