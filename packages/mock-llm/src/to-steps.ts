import type { Answer, Part } from './answer.ts'
import { binaryType } from './bedrock-events.ts'
import { errorEvent } from './error-answer.ts'
import { gzipParts } from './gzip-parts.ts'
import type { Dialect } from '@sluice/provider'
import { maxStallMs, type Script, type Stall } from './script.ts'

/** What is done on the wire, one after the other; after the last one the answer ends properly. */
export type Step =
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'head' }
  | { readonly do: 'write'; readonly bytes: Buffer }
  | { readonly do: 'cut' }

export interface Cadence {
  /** 0 is as fast as possible. */
  readonly tokensPerSecond: number
  readonly firstTokenMs: number
}

interface ToStepsInit {
  readonly script: Script
  readonly cadence: Cadence
  readonly dialect: Dialect
}

/** Spells out how an answer goes over the wire under a script, byte by byte where it must be. */
export function* toSteps(answer: Answer, { script, cadence, dialect }: ToStepsInit): Generator<Step, void> {
  const parts = partsOf(answer, { script, dialect })
  const place = placeIn(answer.parts.length)
  const stallAt = Math.min(place(script.stallAfter) ?? Infinity, parts.length)
  const write = writer(answer, { script, cadence })

  if (cadence.firstTokenMs > 0) yield wait(cadence.firstTokenMs)
  if (script.stallBeforeFirstByteMs !== undefined) yield* stall(script.stallBeforeFirstByteMs)
  for (let i = 0; i < (script.comments ?? 0); i++) yield* write(comment(answer))
  for (const [i, part] of parts.entries()) {
    if (i === stallAt) yield* stallWithHead(script)
    yield* write(part)
  }
  if (script.stallAfter !== undefined && stallAt === parts.length) yield* stallWithHead(script)
  if (script.cutAfter !== undefined) yield* cutWithHead()
  yield* write(undefined)
}

/** Turns the count of a script into an index; a negative one counts from the end. */
function placeIn(length: number) {
  return (count: number | undefined) =>
    count !== undefined && count < 0 ? Math.max(length + count, 0) : count
}

function partsOf(
  { parts }: Answer,
  { script, dialect }: { script: Script; dialect: Dialect },
): readonly Part[] {
  const place = placeIn(parts.length)
  const end = Math.min(...[script.endAfter, script.cutAfter].map((count) => place(count) ?? Infinity))
  const failure = place(script.errorEvent)
  if (failure === undefined) return parts.slice(0, end)
  const { message = 'The mock was told to fail.' } = script
  return [...parts.slice(0, failure), errorEvent(dialect, { message, sequence: failure })].slice(0, end)
}

function comment({ type }: Answer): Part {
  // A binary stream has no room for them.
  if (type === binaryType) return { bytes: nothing, tokens: 0 }
  return { bytes: Buffer.from(type.startsWith('text/event-stream') ? ': keep-alive\n\n' : '\n'), tokens: 0 }
}

function* stallWithHead({ stallMs = 'forever' }: Script): Generator<Step> {
  yield { do: 'head' }
  yield* stall(stallMs)
}

/** An answer that is cut has begun, even where it is cut before its first byte. */
function* cutWithHead(): Generator<Step> {
  yield { do: 'head' }
  yield { do: 'cut' }
}

function* stall(time: Stall): Generator<Step> {
  yield wait(time === 'forever' ? maxStallMs : time)
  if (time === 'forever') yield { do: 'cut' }
}

function wait(ms: number): Step {
  return { do: 'wait', ms }
}

/** Writes one part, or, given none, what belongs at the end: changed line ends, compressed, cut into chunks. */
function writer(answer: Answer, { script, cadence }: { script: Script; cadence: Cadence }) {
  const gzip = script.gzip ? gzipParts() : undefined
  const interval = cadence.tokensPerSecond > 0 ? 1_000 / cadence.tokensPerSecond : 0
  const lines = lineEnds(answer, script)
  const size = script.chunk ?? (script.slowBodyMs !== undefined && !answer.streams ? tenth(answer) : Infinity)
  const slow = script.chunk !== undefined || script.slowBodyMs !== undefined
  let left = script.cutAfterBytes ?? Infinity

  return function* write(part: Part | undefined): Generator<Step> {
    if (part && part.tokens > 0 && interval > 0) yield wait(part.tokens * interval)
    const plain = part ? lines(part.bytes) : nothing
    const bytes = (part ? gzip?.add(plain) : gzip?.end()) ?? plain
    for (let start = 0; start < bytes.length; start += size) {
      const chunk = bytes.subarray(start, Math.min(start + size, bytes.length))
      if (left < chunk.length) {
        if (left > 0) yield { do: 'write', bytes: chunk.subarray(0, left) }
        yield* cutWithHead()
      }
      left -= chunk.length
      yield { do: 'write', bytes: chunk }
      if (slow) yield wait(script.slowBodyMs ?? 0)
    }
    if (!part && left === 0) yield* cutWithHead()
  }
}

const nothing = Buffer.alloc(0)

function tenth({ bytes }: Answer): number {
  return Math.max(1, Math.ceil(bytes.length / 10))
}

function lineEnds({ streams, type }: Answer, { crlf, cr }: Script): (bytes: Buffer) => Buffer {
  if (!streams || type === binaryType || !(crlf || cr)) return (bytes) => bytes
  // Latin 1 keeps every other byte as it is.
  return (bytes) => Buffer.from(bytes.toString('latin1').replace(/\r?\n/g, crlf ? '\r\n' : '\r'), 'latin1')
}
