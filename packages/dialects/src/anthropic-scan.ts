import { bytesOf, JsonWalk } from './json-walk.ts'

const TYPE = bytesOf('type')
const DELTA = bytesOf('delta')
const CONTENT_BLOCK = bytesOf('content_block')
const CONTENT = bytesOf('content')
const MESSAGE = bytesOf('message')
const USAGE = bytesOf('usage')
const MODEL = bytesOf('model')
const ERROR = bytesOf('error')
const STOP_REASON = bytesOf('stop_reason')
const TEXT = bytesOf('text')
const THINKING = bytesOf('thinking')
const TOOL_USE = bytesOf('tool_use')

/** Members of a delta that carry what the model says; a signature does not. */
const contentKeys = ['text', 'thinking', 'partial_json'].map(bytesOf)

/** What one pass over an Anthropic message, or an event of one, finds at the places where it belongs. */
export class AnthropicScan {
  readonly #walk = new JsonWalk()
  /** The document is an object with an end; of one that was cut off nothing else here can be trusted. */
  isWhole = false
  type = ''
  hasContent = false
  hasToolCalls = false
  hasStopReason = false
  hasError = false
  usage: unknown = undefined
  model: string | undefined = undefined
  /** Strings of a delta that are content, and where the characters of the last one stand. */
  texts = 0
  textStart = 0
  textEnd = 0

  scan(json: Buffer): void {
    this.type = ''
    this.hasContent = this.hasToolCalls = this.hasStopReason = this.hasError = false
    this.usage = undefined
    this.texts = 0
    const walk = this.#walk.over(json)
    this.isWhole = walk.enterObject() && this.#readTop(walk)
  }

  #readTop(walk: JsonWalk): boolean {
    while (walk.member()) {
      if (walk.is(TYPE) && walk.atText) this.type = walk.takeName()
      else if (walk.is(DELTA) && walk.enterObject()) this.#readDelta(walk)
      else if (walk.is(CONTENT_BLOCK) && walk.enterObject()) this.#readBlock(walk)
      else if (walk.is(MESSAGE) && walk.enterObject()) this.#readMessage(walk)
      else this.#readMember(walk)
    }
    return !walk.broken
  }

  #readMessage(walk: JsonWalk): void {
    while (walk.member()) this.#readMember(walk)
  }

  /** A member that stands in a message, or at the top of an event or of a whole answer. */
  #readMember(walk: JsonWalk): void {
    if (walk.is(USAGE) && walk.atObject) this.usage = walk.take()
    else if (walk.is(MODEL) && walk.atText) this.model = walk.takeText()
    else if (walk.is(STOP_REASON)) this.#readStopReason(walk)
    else if (walk.is(ERROR)) this.hasError = walk.takeIsFilled()
    else if (walk.is(CONTENT) && walk.enterArray()) {
      while (walk.element()) {
        if (walk.enterObject()) this.#readBlock(walk)
        else walk.skipValue()
      }
    } else walk.skipValue()
  }

  #readDelta(walk: JsonWalk): void {
    while (walk.member()) {
      if (walk.is(STOP_REASON)) this.#readStopReason(walk)
      else if (walk.isOneOf(contentKeys) && walk.atText) {
        this.hasContent = true
        this.texts++
        this.textStart = walk.at + 1
        walk.skipValue()
        this.textEnd = walk.at - 1
      } else walk.skipValue()
    }
  }

  /** Text and thinking begin empty; every other block says something by being there. */
  #readBlock(walk: JsonWalk): void {
    let isEmptyByNature = false
    while (walk.member()) {
      if (walk.is(TYPE)) {
        if (walk.atStringOf(TOOL_USE)) this.hasToolCalls = true
        isEmptyByNature = walk.atStringOf(TEXT) || walk.atStringOf(THINKING)
        walk.skipValue()
      } else if (walk.isOneOf(contentKeys) && walk.atText) {
        this.hasContent = true
        walk.skipValue()
      } else walk.skipValue()
    }
    if (!isEmptyByNature) this.hasContent = true
  }

  #readStopReason(walk: JsonWalk): void {
    if (walk.atText) this.hasStopReason = true
    walk.skipValue()
  }
}
