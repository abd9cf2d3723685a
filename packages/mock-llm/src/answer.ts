import type { JsonObject } from './json-object.ts'

/** One event of a stream, or a whole body. */
export interface Part {
  readonly bytes: Buffer
  /** How many tokens' time passes before it is sent. */
  readonly tokens: number
}

/** What goes out, before faults and cadence. */
export interface Answer {
  readonly status: number
  /** The content type. */
  readonly type: string
  readonly parts: readonly Part[]
  /** All parts at once, for when there is no reason to send them one by one. */
  readonly bytes: Buffer
  /** Of unknown length, as events are. */
  readonly streams: boolean
  /** Names and values in turn, in place of those of the dialect. */
  readonly headers?: readonly string[]
  /** Names and values in turn, in addition to them. */
  readonly more?: readonly string[]
}

/** The text of one event with its separator. */
export interface EventText {
  readonly text: string
  readonly tokens: number
}

export function jsonAnswer(value: unknown, status = 200): Answer {
  return bytesAnswer(Buffer.from(JSON.stringify(value)), { type: 'application/json', status })
}

/** A body that goes out whole. */
export function bytesAnswer(
  bytes: Buffer,
  { type, status = 200 }: { type: string; status?: number },
): Answer {
  return { status, type, bytes, parts: [{ bytes, tokens: 0 }], streams: false }
}

/** Renders all events into one buffer; the parts are views of it. */
export function streamAnswer(events: readonly EventText[]): Answer {
  const bytes = Buffer.from(events.map((event) => event.text).join(''))
  let start = 0
  const parts = events.map(({ text, tokens }) => {
    const end = start + Buffer.byteLength(text)
    const part = { bytes: bytes.subarray(start, end), tokens }
    start = end
    return part
  })
  return { status: 200, type: 'text/event-stream; charset=utf-8', bytes, parts, streams: true }
}

/** A stream of parts that are bytes already. */
export function partsAnswer(type: string, parts: readonly Part[]): Answer {
  return { status: 200, type, bytes: Buffer.concat(parts.map(({ bytes }) => bytes)), parts, streams: true }
}

/** An event without a name, as OpenAI's chat sends them. */
export function dataEvent(value: unknown, tokens = 0): EventText {
  return { text: `data: ${JSON.stringify(value)}\n\n`, tokens }
}

/** An event with the name that its `type` says, as Responses and Anthropic Messages send them. */
export function namedEvent(value: JsonObject & { readonly type: string }, tokens = 0): EventText {
  return { text: `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`, tokens }
}
