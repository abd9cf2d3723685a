const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a
const SPACE = 0x20
const newline = Buffer.from('\n')

/** One event of a stream, decoded: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export interface SseEvent {
  /** Empty where the event has no name. */
  event: string
  /** The data lines, joined by LF; empty where there are none. */
  data: string
  id?: string
  /** Milliseconds. */
  retry?: number
}

/** Decodes one whole event as `EventFramer` cuts them. Fields that the standard does not know are skipped. */
export function decodeEvent(bytes: Buffer): SseEvent {
  const decoded: SseEvent = { event: '', data: '' }
  const data: string[] = []
  for (const line of bytes.toString('utf8').replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)) {
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') data.push(value)
    else if (field === 'event') decoded.event = value
    else if (field === 'id' && !value.includes('\0')) decoded.id = value
    else if (field === 'retry' && /^\d+$/.test(value)) decoded.retry = Number(value)
  }
  decoded.data = data.join('\n')
  return decoded
}

/**
 * The data of one whole event without decoding it: the bytes themselves where it stands on one line, a joined copy
 * where it stands on several. Undefined where the event has no data line, as a comment has none.
 */
export function dataOf(event: Buffer): Buffer | undefined {
  const hasCr = event.includes(CR)
  let found: Buffer | undefined
  let lines: Buffer[] | undefined
  for (let at = startOf(event); at < event.length; ) {
    const end = hasCr ? lineEnd(event, at) : indexOrEnd(event, LF, at)
    const start = dataStart(event, at, end)
    if (start !== -1) {
      const line = event.subarray(start, end)
      if (lines) lines.push(newline, line)
      else if (found) lines = [found, newline, line]
      else found = line
    }
    at = end + 1
  }
  return lines ? Buffer.concat(lines) : found
}

/** Writes one event. Each line of `data` gets its own data line; a name with a line end in it is a `RangeError`. */
export function encodeEvent(data: string, event?: string): Buffer {
  if (event !== undefined && /[\r\n]/.test(event)) throw new RangeError('the name of an event is one line')
  const name = event === undefined || event === '' ? '' : `event: ${event}\n`
  const lines = /[\r\n]/.test(data) ? data.split(/\r\n|\r|\n/).join('\ndata: ') : data
  return Buffer.from(`${name}data: ${lines}\n\n`)
}

/** Behind the byte order mark, which may stand before the first event of a stream. */
function startOf(event: Buffer): number {
  return event[0] === 0xef && event[1] === 0xbb && event[2] === 0xbf ? 3 : 0
}

/** Where the value begins of the line from `at` to `end`; -1 where it is no data line. */
function dataStart(event: Buffer, at: number, end: number): number {
  // 'data', byte by byte: this runs for each line of each event.
  if (event[at] !== 0x64 || event[at + 1] !== 0x61 || event[at + 2] !== 0x74 || event[at + 3] !== 0x61) return -1
  if (at + 4 >= end) return at + 4 === end ? end : -1
  if (event[at + 4] !== COLON) return -1
  return at + 5 < end && event[at + 5] === SPACE ? at + 6 : at + 5
}

function lineEnd(event: Buffer, from: number): number {
  for (let at = from; at < event.length; at++) if (event[at] === LF || event[at] === CR) return at
  return event.length
}

function indexOrEnd(event: Buffer, byte: number, from: number): number {
  const index = event.indexOf(byte, from)
  return index === -1 ? event.length : index
}
