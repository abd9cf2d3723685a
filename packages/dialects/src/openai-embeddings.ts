import { ChatStream } from './chat-stream.ts'
import type { Answer, DialectFacts } from './dialect-facts.ts'
import { bytesOf, JsonWalk } from './json-walk.ts'
import { joined } from './joined.ts'
import { looksLikeJson } from './looks-like-json.ts'
import { isOpenAiError, openAiErrorBody, openAiErrorEvent } from './openai-error.ts'
import { parseJson } from './parse-json.ts'
import { errorInside } from './upstream-error.ts'
import { embeddingsUsage } from './usage.ts'

const CLOSE_ARRAY = 0x5d
const DATA = bytesOf('data')
const USAGE = bytesOf('usage')
const MODEL = bytesOf('model')
const ERROR = bytesOf('error')

/** More than what stands behind the vectors. */
const tailBytes = 2048

const nothing = Buffer.alloc(0)

/** Brackets at the end of the body that are tried for the one that closes `data`. */
const maxTries = 8

/** Embeddings: https://platform.openai.com/docs/api-reference/embeddings */
export const openAiEmbeddings: DialectFacts = {
  name: 'openai-embeddings',
  suffix: '/embeddings',
  // Nobody streams embeddings. Should a server do so all the same, its errors look like those of a chat.
  openStream: () => new ChatStream(),
  readAnswer,
  textOf: () => '',
  textOfEvent: () => '',
  errorBody: openAiErrorBody,
  errorEvent: openAiErrorEvent,
  isError: isOpenAiError,
}

interface Members {
  usage?: unknown
  model?: string
  hasError: boolean
}

function readAnswer(pieces: readonly Buffer[]): Answer {
  const answer: Answer = { hasToolCalls: false, isJson: looksLikeJson(pieces) }
  const members = membersAtEnds(pieces) ?? membersOf(joined(pieces))
  const usage = embeddingsUsage(members.usage)
  if (usage) {
    answer.usage = usage
    answer.rawUsage = members.usage
  }
  if (members.model !== undefined) answer.model = members.model
  if (members.hasError) answer.error = errorInside(parseJson(joined(pieces)))
  return answer
}

/** Reads what stands before and behind `data`, which may be megabytes of numbers, and does not look at those. */
function membersOf(body: Buffer): Members {
  const found: Members = { hasError: false }
  const walk = walkInto(body)
  while (walk.member()) {
    if (!walk.is(DATA)) readMember(walk, found)
    else if (readTail(body, walk.at, found)) return found
    else walk.skipValue()
  }
  return found
}

/**
 * The same of a body in several pieces, where `data` begins in the first of them and ends in the last; undefined where
 * that is not all there is to know.
 */
function membersAtEnds(pieces: readonly Buffer[]): Members | undefined {
  const [first, ...others] = pieces
  const last = others.at(-1)
  if (first === undefined || last === undefined) return undefined
  const found: Members = { hasError: false }
  const walk = walkInto(first)
  while (walk.member()) {
    if (!walk.is(DATA)) readMember(walk, found)
    else return readTail(tailOf(others.at(-2), last), -1, found) && isFull(found) ? found : undefined
  }
  return undefined
}

function isFull({ usage, model }: Members): boolean {
  return usage !== undefined && model !== undefined
}

/** The last piece; where that is short, with some of what stands before it. */
function tailOf(before: Buffer | undefined, last: Buffer): Buffer {
  return before === undefined || last.length >= tailBytes ? last : Buffer.concat([before.subarray(-tailBytes), last])
}

/** At the first member of the body, or of its first element. */
function walkInto(body: Buffer): JsonWalk {
  const walk = new JsonWalk().over(body)
  if (walk.enterArray()) walk.element()
  if (!walk.enterObject()) walk.over(nothing)
  return walk
}

function readMember(walk: JsonWalk, found: Members): void {
  if (walk.is(USAGE) && walk.atObject) found.usage = walk.take()
  else if (walk.is(MODEL) && walk.atText) found.model = walk.takeText()
  else if (walk.is(ERROR)) found.hasError = walk.takeIsFilled()
  else walk.skipValue()
}

/**
 * Reads the members behind `data` from the end of the body: behind the right bracket nothing but members follow, and
 * the brace that closes them is the body's last. From inside a string or a deeper value no walk ends there. A later
 * array has such a bracket too, so the search goes on while something is missing. False where no bracket is right.
 */
function readTail(body: Buffer, from: number, found: Members): boolean {
  let isFound = false
  let bracket = body.lastIndexOf(CLOSE_ARRAY)
  for (let tries = 0; tries < maxTries && bracket > from; tries++) {
    const tail: Members = { hasError: false }
    const walk = new JsonWalk().over(body, bracket + 1)
    while (walk.member()) readMember(walk, tail)
    if (!walk.broken && isBlank(body, walk.at)) {
      Object.assign(found, tail, { hasError: found.hasError || tail.hasError })
      isFound = true
      if (isFull(found)) return true
    }
    bracket = body.lastIndexOf(CLOSE_ARRAY, bracket - 1)
  }
  return isFound
}

function isBlank(body: Buffer, from: number): boolean {
  for (let at = from; at < body.length; at++) if ((body[at] ?? 0) > 0x20) return false
  return true
}
