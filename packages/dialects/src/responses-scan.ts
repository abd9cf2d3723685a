import { bytesOf, JsonWalk } from './json-walk.ts'

const TYPE = bytesOf('type')
const DELTA = bytesOf('delta')
const ITEM = bytesOf('item')
const RESPONSE = bytesOf('response')
const OUTPUT = bytesOf('output')
const USAGE = bytesOf('usage')
const MODEL = bytesOf('model')
const ERROR = bytesOf('error')
const STATUS = bytesOf('status')
const FAILED = bytesOf('failed')

/** Items of the output with which the client is asked to run a tool of its own. */
const toolCalls = ['function_call', 'custom_tool_call'].map(bytesOf)

/** What one pass over an answer of the Responses API, or an event of one, finds at the places where it belongs. */
export class ResponsesScan {
  readonly #walk = new JsonWalk()
  /** The document is an object with an end; of one that was cut off nothing else here can be trusted. */
  isWhole = false
  type = ''
  hasDelta = false
  hasToolCalls = false
  hasError = false
  /** The response's own status is `failed`. */
  hasFailed = false
  usage: unknown = undefined
  model: string | undefined = undefined

  scan(json: Buffer): void {
    this.type = ''
    this.hasDelta = this.hasToolCalls = this.hasError = this.hasFailed = false
    this.usage = undefined
    const walk = this.#walk.over(json)
    this.isWhole = walk.enterObject() && this.#readTop(walk)
  }

  #readTop(walk: JsonWalk): boolean {
    while (walk.member()) {
      if (walk.is(TYPE) && walk.atText) this.type = walk.takeName()
      else if (walk.is(DELTA)) {
        this.hasDelta = walk.atText
        walk.skipValue()
      } else if (walk.is(ITEM) && walk.enterObject()) this.#readItem(walk)
      else if (walk.is(RESPONSE) && walk.enterObject()) this.#readResponse(walk)
      else this.#readMember(walk)
    }
    return !walk.broken
  }

  #readResponse(walk: JsonWalk): void {
    while (walk.member()) this.#readMember(walk)
  }

  /** A member that stands in a response, or at the top of a whole answer. */
  #readMember(walk: JsonWalk): void {
    if (walk.is(USAGE) && walk.atObject) this.usage = walk.take()
    else if (walk.is(MODEL) && walk.atText && this.model === undefined) this.model = walk.takeText()
    else if (walk.is(ERROR)) {
      if (walk.takeIsFilled()) this.hasError = true
    } else if (walk.is(STATUS)) {
      if (walk.atStringOf(FAILED)) this.hasFailed = true
      walk.skipValue()
    } else if (walk.is(OUTPUT) && walk.enterArray()) {
      while (walk.element()) {
        if (walk.enterObject()) this.#readItem(walk)
        else walk.skipValue()
      }
    } else walk.skipValue()
  }

  #readItem(walk: JsonWalk): void {
    while (walk.member()) {
      if (walk.is(TYPE) && toolCalls.some((type) => walk.atStringOf(type))) this.hasToolCalls = true
      walk.skipValue()
    }
  }
}
