import { bytesOf, JsonWalk } from './json-walk.ts'

const OUTPUT = bytesOf('output')
const MESSAGE = bytesOf('message')
const CONTENT = bytesOf('content')
const USAGE = bytesOf('usage')
const DELTA = bytesOf('delta')
const START = bytesOf('start')
const TOOL_USE = bytesOf('toolUse')
const TYPE = bytesOf('type')
const SERVERS = bytesOf('server_tool_use')
const REASONING = bytesOf('reasoningContent')
const TEXT = bytesOf('text')
const IMAGE = bytesOf('image')

/** Members of what was thought that say something; a signature does not. */
const thoughtKeys = ['text', 'redactedContent'].map(bytesOf)
const inputKeys = ['input'].map(bytesOf)

/** What one pass over a whole answer of Converse, or the payload of one event, finds at the places where it belongs. */
export class BedrockScan {
  readonly #walk = new JsonWalk()
  /** The document is an object with an end. */
  isWhole = false
  hasContent = false
  hasToolCalls = false
  /** There is a message at all; an error has none. */
  hasOutput = false
  usage: unknown = undefined
  /** Strings of a delta that are content, and where the characters of the last one stand. */
  texts = 0
  textStart = 0
  textEnd = 0

  scan(json: Buffer): void {
    this.hasContent = this.hasToolCalls = this.hasOutput = false
    this.usage = undefined
    this.texts = 0
    const walk = this.#walk.over(json)
    this.isWhole = walk.enterObject() && this.#readTop(walk)
  }

  #readTop(walk: JsonWalk): boolean {
    while (walk.member()) {
      if (walk.is(DELTA) && walk.enterObject()) this.#readDelta(walk)
      else if (walk.is(USAGE) && walk.atObject) this.usage = walk.take()
      else if (walk.is(START) && walk.enterObject()) this.#readBlock(walk)
      else if (walk.is(OUTPUT) && walk.enterObject()) this.#readOutput(walk)
      else walk.skipValue()
    }
    return !walk.broken
  }

  #readOutput(walk: JsonWalk): void {
    this.hasOutput = true
    while (walk.member()) {
      if (!(walk.is(MESSAGE) && walk.enterObject())) walk.skipValue()
      else while (walk.member()) this.#readMessage(walk)
    }
  }

  #readMessage(walk: JsonWalk): void {
    if (!(walk.is(CONTENT) && walk.enterArray())) return walk.skipValue()
    while (walk.element()) {
      if (walk.enterObject()) this.#readBlock(walk)
      else walk.skipValue()
    }
  }

  /** A block of an answer, or how one begins in a stream. */
  #readBlock(walk: JsonWalk): void {
    while (walk.member()) {
      if (walk.is(TOOL_USE) && walk.enterObject()) this.#readCall(walk)
      else walk.skipValue()
    }
  }

  /** Tools that Bedrock runs are none of the client's. */
  #readCall(walk: JsonWalk): void {
    let isServers = false
    while (walk.member()) {
      if (walk.is(TYPE) && walk.atStringOf(SERVERS)) isServers = true
      walk.skipValue()
    }
    if (!isServers) this.hasToolCalls = this.hasContent = true
  }

  #readDelta(walk: JsonWalk): void {
    while (walk.member()) {
      if (walk.is(TEXT) && walk.atText) this.#readText(walk)
      else if (walk.is(REASONING) && walk.enterObject()) this.#readPieces(walk, thoughtKeys)
      else if (walk.is(TOOL_USE) && walk.enterObject()) this.#readPieces(walk, inputKeys)
      else if (walk.is(IMAGE)) {
        this.hasContent = true
        walk.skipValue()
      } else walk.skipValue()
    }
  }

  #readPieces(walk: JsonWalk, keys: readonly Uint8Array[]): void {
    while (walk.member()) {
      if (walk.isOneOf(keys) && walk.atText) this.#readText(walk)
      else walk.skipValue()
    }
  }

  #readText(walk: JsonWalk): void {
    this.hasContent = true
    this.texts++
    this.textStart = walk.at + 1
    walk.skipValue()
    this.textEnd = walk.at - 1
  }
}
