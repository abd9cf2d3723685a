import { bytesOf, JsonWalk } from './json-walk.ts'

const CHOICES = bytesOf('choices')
const USAGE = bytesOf('usage')
const ERROR = bytesOf('error')
const MODEL = bytesOf('model')
const OBJECT = bytesOf('object')
const X_GROQ = bytesOf('x_groq')
const NULL = bytesOf('null')
const INDEX = bytesOf('index')
const DELTA = bytesOf('delta')
const MESSAGE = bytesOf('message')
const FINISH_REASON = bytesOf('finish_reason')
const TOOL_CALLS = bytesOf('tool_calls')
/** Where a completion has its text, which a chat has in its message. */
const TEXT = bytesOf('text')

/** Members of a delta that carry what the model says. */
const contentKeys = [
  'content',
  'reasoning_content',
  'reasoning',
  'reasoning_details',
  'thinking',
  'refusal',
  'tool_calls',
  'function_call',
  'audio',
  'images',
].map(bytesOf)

/** Members below those that do, beside types, ids and indexes that say nothing by themselves. */
const substanceKeys = [
  'text',
  'content',
  'thinking',
  'summary',
  'data',
  'transcript',
  'name',
  'arguments',
  'input',
  'url',
].map(bytesOf)

/** A choice that a chunk holds. */
export interface ScannedChoice {
  /** -1 where it has one that cannot be. */
  readonly index: number
  readonly isFinished: boolean
}

/** What one pass over a chat completion, or a chunk of one, finds at the places where it belongs. */
export class ChatScan {
  readonly #walk = new JsonWalk()
  /** The document is an object with an end; of one that was cut off nothing else here can be trusted. */
  isWhole = false
  readonly choices: ScannedChoice[] = []
  hasContent = false
  hasToolCalls = false
  hasFinish = false
  /** Some choice has the finish reason `error`, as OpenRouter writes it. */
  hasFailed = false
  /** Something stands where an error would. */
  hasError = false
  usage: unknown = undefined
  model: string | undefined = undefined
  /** Strings that are content, and where the characters of the last one stand. */
  texts = 0
  textStart = 0
  textEnd = 0

  /** Scans `json`; `wantsModel` where the model is not known yet. */
  scan(json: Buffer, wantsModel: boolean): void {
    this.isWhole = false
    this.choices.length = 0
    this.hasContent = this.hasToolCalls = this.hasFinish = this.hasFailed = this.hasError = false
    this.usage = undefined
    this.texts = 0
    const walk = this.#walk.over(json)
    let groqUsage: unknown
    // Gemini puts its errors into an array.
    if (walk.enterArray()) walk.element()
    if (!walk.enterObject()) return
    while (walk.member()) {
      if (walk.is(CHOICES) && walk.enterArray()) while (walk.element()) this.#readChoice(walk)
      else if (walk.is(USAGE) && walk.atObject) this.usage = walk.take()
      else if (walk.is(ERROR)) this.#readError(walk)
      else if (walk.is(X_GROQ) && walk.enterObject()) groqUsage = this.#readGroq(walk)
      else if (walk.is(MODEL) && wantsModel && walk.atText) this.model = walk.takeText()
      else if (walk.is(OBJECT) && walk.atStringOf(ERROR)) this.#readError(walk)
      else walk.skipValue()
    }
    this.usage ??= groqUsage
    this.isWhole = !walk.broken
  }

  #readChoice(walk: JsonWalk): void {
    let index = this.choices.length
    let isFinished = false
    if (!walk.enterObject()) return walk.skipValue()
    while (walk.member()) {
      if ((walk.is(DELTA) || walk.is(MESSAGE)) && walk.enterObject()) this.#readDelta(walk)
      else if (walk.is(FINISH_REASON)) {
        // Some servers write the word.
        isFinished = walk.atText && !walk.atStringOf(NULL)
        if (walk.atStringOf(ERROR)) this.hasFailed = true
        walk.skipValue()
      } else if (walk.is(INDEX)) index = walk.takeIndex()
      else if (walk.is(ERROR)) this.#readError(walk)
      else if (walk.is(TEXT) && walk.atText) this.#readContent(walk)
      else walk.skipValue()
    }
    if (isFinished) this.hasFinish = true
    this.choices.push({ index, isFinished })
  }

  #readDelta(walk: JsonWalk): void {
    while (walk.member()) {
      if (!walk.isOneOf(contentKeys)) {
        walk.skipValue()
        continue
      }
      const isToolCalls = walk.is(TOOL_CALLS)
      if (this.#readContent(walk) && isToolCalls) this.hasToolCalls = true
    }
  }

  /** Whether the value says anything. */
  #readContent(walk: JsonWalk): boolean {
    const { at, atText } = walk
    if (!walk.takeSubstance(substanceKeys)) return false
    this.hasContent = true
    if (atText) {
      this.texts++
      this.textStart = at + 1
      this.textEnd = walk.at - 1
    }
    return true
  }

  #readGroq(walk: JsonWalk): unknown {
    let usage: unknown
    while (walk.member()) {
      if (walk.is(USAGE) && walk.atObject) usage = walk.take()
      else if (walk.is(ERROR)) this.#readError(walk)
      else walk.skipValue()
    }
    return usage
  }

  /** Nothing, `false`, an empty text and an empty object are no error: some servers write one into each chunk. */
  #readError(walk: JsonWalk): void {
    if (walk.takeIsFilled()) this.hasError = true
  }
}
