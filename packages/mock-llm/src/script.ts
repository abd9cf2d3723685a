import { isObject } from './json-object.ts'

/** Milliseconds up to ten minutes, or `forever`, which is ten minutes too. */
export type Stall = number | 'forever'

/**
 * How one answer goes wrong, or is told what to say. Counts of events are of the answer's own events; a negative one
 * counts from the end, so `endAfter: -1` leaves out the last. A whole answer is one event.
 */
export interface Script {
  /** From 400 on the answer is the API's error of that status, unless `body` says otherwise. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent in place of the answer: a text as it is, anything else as JSON. */
  readonly body?: unknown
  readonly contentType?: string
  /** The text of the error that `status`, `errorIn200` or `errorEvent` sends. */
  readonly message?: string

  /** What the model says instead. */
  readonly text?: string
  /** How many words it says, by repeating itself. */
  readonly words?: number
  readonly noUsage?: boolean
  /** Cadence of this answer; 0 is as fast as possible. */
  readonly tokensPerSecond?: number
  readonly firstTokenMs?: number

  /** The API's error, under a 200. */
  readonly errorIn200?: boolean
  /** After so many events an error event takes the place of the rest. */
  readonly errorEvent?: number
  /** Raw bytes in place of all events, each sent by itself, as a stream of the API's. */
  readonly event?: string | Uint8Array | readonly (string | Uint8Array)[]
  /** Something that is not HTTP; not JSON; an HTML page; nothing. All but the first under a 200. */
  readonly garbage?: 'http' | 'json' | 'html' | 'empty'
  /** 307 to another path. */
  readonly redirect?: boolean
  /** The id of a fixture: its status, headers and bytes. */
  readonly fixture?: string

  readonly stallBeforeFirstByteMs?: Stall
  /** Stalls after so many events, the head sent, for `stallMs`. */
  readonly stallAfter?: number
  /** `forever` unless given. */
  readonly stallMs?: Stall
  /** The connection is closed after so many events, in the middle of the answer. */
  readonly cutAfter?: number
  /** The same, after so many bytes of body. */
  readonly cutAfterBytes?: number
  /** The answer ends properly after so many events, its terminal event missing. */
  readonly endAfter?: number
  /** The connection is reset when it is accepted, or when the request arrives on an open one. */
  readonly resetOnAccept?: boolean

  /** Bytes per write at most. */
  readonly chunk?: number
  /** Milliseconds between two writes; without `chunk`, whole answers are cut into ten pieces. */
  readonly slowBodyMs?: number
  /** So many comment lines (blank lines in a whole answer) come first. */
  readonly comments?: number
  /** Lines of events end in CR LF. */
  readonly crlf?: boolean
  /** Lines of events end in CR. */
  readonly cr?: boolean
  /** Compressed, whatever the client accepts. */
  readonly gzip?: boolean
  /** Declares this length; the connection is closed where less or more is sent. */
  readonly contentLength?: number
}

/** Nothing stalls longer: a forgotten client must not keep a connection for good. */
export const maxStallMs = 600_000

type Check = readonly [expected: string, fits: (value: unknown) => boolean]

const integer = (min: number, max: number): Check => [
  `an integer from ${min} to ${max}`,
  (value) => typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max,
]
const number = (max: number): Check => [
  `a number from 0 to ${max}`,
  (value) => typeof value === 'number' && value >= 0 && value <= max,
]
const boolean: Check = ['true or false', (value) => typeof value === 'boolean']
const string: Check = ['a string', (value) => typeof value === 'string']
const stall: Check = [
  `milliseconds up to ${maxStallMs}, or "forever"`,
  (value) => value === 'forever' || number(maxStallMs)[1](value),
]
const events = integer(-1_000_000, 1_000_000)
const kinds = ['http', 'json', 'html', 'empty']
const isBytes = (value: unknown) => typeof value === 'string' || value instanceof Uint8Array

const checks: { readonly [Name in keyof Required<Script>]: Check } = {
  status: integer(200, 599),
  headers: [
    'an object of header names and values, without content-length, which is `contentLength`',
    (value) => isObject(value) && Object.entries(value).every(([name, one]) => isHeader(name, one)),
  ],
  body: ['a value', (value) => value !== undefined],
  contentType: ['a content type', (value) => isHeader('content-type', value)],
  message: string,
  text: string,
  words: integer(1, 100_000),
  noUsage: boolean,
  tokensPerSecond: number(1_000_000),
  firstTokenMs: number(maxStallMs),
  errorIn200: boolean,
  errorEvent: events,
  event: ['a string, bytes, or a list of them', (value) => [value].flat().every(isBytes)],
  garbage: [`one of ${kinds.join(', ')}`, (value) => kinds.includes(String(value))],
  redirect: boolean,
  fixture: string,
  stallBeforeFirstByteMs: stall,
  stallAfter: events,
  stallMs: stall,
  cutAfter: events,
  cutAfterBytes: integer(0, 1_000_000_000),
  endAfter: events,
  resetOnAccept: boolean,
  chunk: integer(1, 1_000_000_000),
  slowBodyMs: number(maxStallMs),
  comments: integer(0, 10_000),
  crlf: boolean,
  cr: boolean,
  gzip: boolean,
  contentLength: integer(0, 1_000_000_000),
}

/** Says what is wrong with a script, or nothing. */
export function scriptProblem(script: object): string | undefined {
  for (const [name, value] of Object.entries(script)) {
    if (!Object.hasOwn(checks, name))
      return `${name} is not known; known are ${Object.keys(checks).join(', ')}`
    const [expected, fits] = checks[name as keyof Script]
    if (value !== undefined && !fits(value)) return `${name} must be ${expected}`
  }
  return undefined
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-5.5, without what Node's writer refuses. */
function isHeader(name: string, value: unknown): boolean {
  if (typeof value !== 'string' || name.toLowerCase() === 'content-length') return false
  return /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
}
