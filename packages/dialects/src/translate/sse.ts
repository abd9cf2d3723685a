/** One event of a stream whose events have no names; `data` is JSON, so on one line. */
export function dataEvent(data: string): Buffer {
  return Buffer.from(`data: ${data}\n\n`)
}

/** One event that is named. */
export function namedEvent(event: string, data: string): Buffer {
  return Buffer.from(`event: ${event}\ndata: ${data}\n\n`)
}
