import { bytesOf, type JsonWalk } from './json-walk.ts'

const CANDIDATES = bytesOf('candidates')
const CONTENT = bytesOf('content')
const PARTS = bytesOf('parts')
const INDEX = bytesOf('index')
const FINISH_REASON = bytesOf('finishReason')
const UNSPECIFIED = bytesOf('FINISH_REASON_UNSPECIFIED')
const FUNCTION_CALL = bytesOf('functionCall')
const TEXT = bytesOf('text')
const USAGE = bytesOf('usageMetadata')
const MODEL = bytesOf('modelVersion')
const FEEDBACK = bytesOf('promptFeedback')
const BLOCK_REASON = bytesOf('blockReason')
const ERROR = bytesOf('error')

/** Members of a part that say something by being there. */
const mediaKeys = ['inlineData', 'fileData', 'executableCode', 'codeExecutionResult'].map(bytesOf)

/** A candidate that a response holds. */
export interface ScannedCandidate {
  /** -1 where it has one that cannot be. */
  readonly index: number
  readonly isFinished: boolean
}

/** What one pass over a response of Gemini's finds at the places where it belongs. */
export class GeminiScan {
  readonly candidates: ScannedCandidate[] = []
  hasContent = false
  hasToolCalls = false
  hasFinish = false
  /** The prompt was blocked: there will be no candidates. */
  isBlocked = false
  hasError = false
  usage: unknown = undefined
  model: string | undefined = undefined

  /** Reads the object that the walk stands at; false where none does. */
  scan(walk: JsonWalk): boolean {
    this.candidates.length = 0
    this.hasContent = this.hasToolCalls = this.hasFinish = this.isBlocked = this.hasError = false
    this.usage = undefined
    if (!walk.enterObject()) return false
    while (walk.member()) {
      if (walk.is(CANDIDATES) && walk.enterArray()) while (walk.element()) this.#readCandidate(walk)
      else if (walk.is(USAGE) && walk.atObject) this.usage = walk.take()
      else if (walk.is(MODEL) && this.model === undefined && walk.atText) this.model = walk.takeText()
      else if (walk.is(FEEDBACK) && walk.enterObject()) this.#readFeedback(walk)
      else if (walk.is(ERROR)) this.hasError = walk.takeIsFilled()
      else walk.skipValue()
    }
    return !walk.broken
  }

  #readCandidate(walk: JsonWalk): void {
    let index = this.candidates.length
    let isFinished = false
    if (!walk.enterObject()) return walk.skipValue()
    while (walk.member()) {
      if (walk.is(CONTENT) && walk.enterObject()) this.#readContent(walk)
      else if (walk.is(FINISH_REASON)) {
        isFinished = walk.atText && !walk.atStringOf(UNSPECIFIED)
        walk.skipValue()
      } else if (walk.is(INDEX)) index = walk.takeIndex()
      else walk.skipValue()
    }
    if (isFinished) this.hasFinish = true
    this.candidates.push({ index, isFinished })
  }

  #readContent(walk: JsonWalk): void {
    while (walk.member()) {
      if (!(walk.is(PARTS) && walk.enterArray())) walk.skipValue()
      else while (walk.element()) this.#readPart(walk)
    }
  }

  /** A signature alone says nothing. */
  #readPart(walk: JsonWalk): void {
    if (!walk.enterObject()) return walk.skipValue()
    while (walk.member()) {
      if (walk.is(FUNCTION_CALL) && walk.atObject) this.hasToolCalls = this.hasContent = true
      else if ((walk.is(TEXT) && walk.atText) || walk.isOneOf(mediaKeys)) this.hasContent = true
      walk.skipValue()
    }
  }

  #readFeedback(walk: JsonWalk): void {
    while (walk.member()) {
      if (walk.is(BLOCK_REASON) && walk.atText) this.isBlocked = true
      walk.skipValue()
    }
  }
}
