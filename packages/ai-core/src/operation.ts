import type { Dialect } from '@sluice/provider'
import { readPathCall, type PathCall } from './path-call.ts'

/**
 * Operations beside the dialects that are known well enough to lend them the company's key: they go to the same place
 * of the provider's API, unread. By their first segment behind the version, with how many segments may follow.
 */
const operations = new Map<string, readonly [number, number]>([
  ['moderations', [0, 0]],
  ['rerank', [0, 0]],
  ['images', [1, Infinity]],
  ['audio', [1, Infinity]],
  ['files', [0, Infinity]],
  ['models', [0, Infinity]],
])

/** What a path says of the request. */
interface PathFacts {
  /** Absent where it names no dialect. */
  readonly call: PathCall | undefined
  /** Of one that is passed through, from behind its version segment. */
  readonly operation: string | undefined
}

/** Of paths as they come again, for every plugin of a chain asks; bounded, for clients may invent some. */
const known = new Map<string, PathFacts>()
const mostKnown = 1000

function factsOf(path: string): PathFacts {
  const remembered = known.get(path)
  if (remembered) return remembered
  const call = readPathCall(path)
  const facts = { call, operation: call ? operationOf(call) : operationIn(path) }
  if (known.size < mostKnown && path.length < 256) known.set(path, facts)
  return facts
}

/** What a path that names its dialect tells: the model and whether to stream, where they stand in it. */
export function callOfPath(path: string): PathCall | undefined {
  return factsOf(path).call
}

/** The operation of a path that is passed through, from behind its version segment (`/audio/speech`); undefined for all others. */
export function passedOperation(path: string): string | undefined {
  return factsOf(path).operation
}

/** That of a passed call of Google's. */
function operationOf({ operation, model, isPassed }: PathCall): string | undefined {
  if (!isPassed || operation === undefined || model === undefined) return undefined
  return model.startsWith('tunedModels/') ? `/${model}${operation}` : `/models/${model}${operation}`
}

function operationIn(path: string): string | undefined {
  const segments = path.split('/')
  if (segments.some(climbs)) return undefined
  // Behind an empty segment nothing is an operation's.
  for (let at = segments.lastIndexOf('') + 1; at < segments.length; at++) {
    if (isVersion(segments[at]) && isOperation(segments, at + 1)) return `/${segments.slice(at + 1).join('/')}`
  }
  return undefined
}

/** The dialect that a client on this path speaks and wants its errors in; undefined where the path does not tell. */
export function dialectOfPath(path: string): Dialect | undefined {
  const { call, operation } = factsOf(path)
  if (call) return call.dialect
  if (operation === undefined) return undefined
  return operation === '/messages/count_tokens' ? 'anthropic-messages' : 'openai-chat'
}

/** Whether a segment would lead out of its place for a server that reads `%2F` and backslashes as slashes, or ends names at a semicolon or colon. */
function climbs(segment: string): boolean {
  return segment.includes('..') && segment.split(/%2F|\\/i).some((part) => /^\.\.(?:[;:]|$)/.test(part))
}

/** `v1`, `v1beta`: a `v` and a digit. */
function isVersion(segment: string | undefined): boolean {
  return segment !== undefined && /^v\d/.test(segment)
}

function isOperation(segments: readonly string[], at: number): boolean {
  const name = segments[at] ?? ''
  const following = segments.length - at - 1
  if (name === 'messages') return following === 1 && segments[at + 1] === 'count_tokens'
  const [least, most] = operations.get(name) ?? [1, 0]
  return following >= least && following <= most
}
