import { headerMap, type HeaderMap } from './headers.ts'
import type { Outcome } from './outcome.ts'

/** Where a stream goes. The front implements it for the client; wrappers implement it for what they wrap. */
export interface Sink {
  /** Takes bytes as they come. False: stop (`pause`) until `resume` is called; what was given is kept. */
  write(bytes: Uint8Array): boolean
  /** The last call. Anything but `complete` cuts the connection, so that what was sent never looks finished. */
  end(outcome: Outcome): void
}

/** A body that comes in pieces. Nothing flows before `start`; `done` tells the outcome to whoever wrapped it. */
export interface ReplyStream {
  /** What its events speak, such as `openai-chat`; absent where the bytes are no event stream. */
  readonly dialect?: string
  /** The stream that this one takes from; the kernel then knows that it is in use. */
  readonly source?: ReplyStream
  /** Called once. May call `sink` at once. */
  start(sink: Sink): void
  pause(): void
  resume(): void
  /** Gives up: upstream is closed, the sink hears nothing more. May come at any moment, also twice. */
  cancel(reason: Outcome): void
  /** Settles when the stream has ended, in whatever way; never rejects. */
  readonly done: Promise<Outcome>
}

/** Nothing, bytes (whole, in one piece or several), or a stream. */
export type ReplyBody = null | string | Uint8Array | readonly Uint8Array[] | ReplyStream

/** What the client gets. Plain data: build it with a literal, compare it with `toEqual`. */
export interface Reply {
  status: number
  /** Names in lower case. `content-length` is the front's business. */
  headers: HeaderMap
  body: ReplyBody
}

/** A JSON answer. */
export function json(status: number, value: unknown, headers?: HeaderMap): Reply {
  const map = headerMap()
  map['content-type'] = 'application/json'
  return { status, headers: headers ? Object.assign(map, headers) : map, body: JSON.stringify(value) }
}

export function isStream(body: ReplyBody): body is ReplyStream {
  return body !== null && typeof body === 'object' && 'start' in body
}

/** Gives a body up, where it is a stream; what its `cancel` throws is nobody's business any more. */
export function cancelBody(body: ReplyBody, reason: Outcome): void {
  if (!isStream(body)) return
  try {
    body.cancel(reason)
  } catch {
    // The stream is a plugin's. Whoever cancels it is cleaning up and must get to the end of that.
  }
}

/** Size of a whole body in bytes; undefined for a stream. */
export function bodyLength(body: ReplyBody): number | undefined {
  if (body === null) return 0
  if (typeof body === 'string') return Buffer.byteLength(body)
  if (body instanceof Uint8Array) return body.byteLength
  if (isStream(body)) return undefined
  let length = 0
  for (const piece of body) length += piece.byteLength
  return length
}
