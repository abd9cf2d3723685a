import type { Dialect, Framing } from '@sluice/provider'
import type { UpstreamError } from './upstream-error.ts'
import type { Usage } from './usage.ts'

/** Watches one streamed answer go by. It keeps what it was asked to find and holds no event. */
export interface StreamReader {
  /** Looks at one whole event and tells what it says, as `Saw` bits. */
  see(event: Buffer): number
  /** The text of the event that was seen last, where it differs in nothing else from the one before; undefined where it does, or is no JSON. */
  likeText?(event: Buffer): string | undefined
  /** The dialect's own end was seen: should upstream close now, nothing is missing. Ask for `error` first. */
  readonly finished: boolean
  readonly sentinelSeen: boolean
  readonly usage: Usage | undefined
  /** The provider's own usage object. */
  readonly rawUsage: unknown
  /** The model that the provider says it was. */
  readonly model: string | undefined
  readonly hasToolCalls: boolean
  /** The first error that came as an event. */
  readonly error: UpstreamError | undefined
}

/** What a whole answer says of itself. */
export interface Answer {
  usage?: Usage
  /** The provider's own usage object. */
  rawUsage?: unknown
  model?: string
  hasToolCalls: boolean
  /** An error inside a 200. */
  error?: UpstreamError
  /** Whether it looks like JSON from both ends; the middle is not checked. */
  isJson: boolean
}

/** An error to be told to a client. */
export interface ClientError {
  status: number
  message: string
  type?: string | undefined
  code?: string | undefined
  param?: string | undefined
}

/** What the path of a call may carry. */
export interface SuffixCall {
  readonly model?: string
  readonly stream: boolean
  /** The operation beside the dialect's own, such as `:countTokens`. */
  readonly operation?: string
}

/** How a wire protocol looks: enough to relay it, account for it, and refuse in it. Pure. */
export interface DialectFacts {
  readonly name: Dialect
  /** End of the operation's path, such as `/chat/completions`; worked out where the model stands in it, and undefined where none can. */
  readonly suffix: string | ((call: SuffixCall) => string | undefined)
  /** Where members that OpenAI's dialects have at the top stand in this one, such as `generationConfig.topP` for `top_p`. */
  readonly places?: Readonly<Record<string, string>>
  /** How its streams are written; as server-sent events unless given. */
  readonly framing?: Framing
  /** The event that closes a stream after the last answer, where the dialect has one. */
  readonly sentinel?: Buffer
  /** `choices`: answers that were asked for, where the dialect puts several into one stream; 1 unless given. */
  openStream(choices?: number): StreamReader
  /** Reads a whole 2xx body, in the pieces that it came in, without parsing what nobody asks for. */
  readAnswer(pieces: readonly Buffer[]): Answer
  /** What the model wrote, from a whole answer; '' where it wrote nothing. Parses the body. */
  textOf(body: Buffer): string
  /** What one event adds to the text; '' where it adds nothing. */
  textOfEvent(event: Buffer): string
  /** An error as a body for the client; repeats the message as `error_msg`. */
  errorBody(error: ClientError, requestId?: string): Record<string, unknown>
  /** An error as one event, for a stream that has begun. */
  errorEvent(error: ClientError, requestId?: string): Buffer
  /** Whether a parsed body is already an error as this dialect's clients expect it. */
  isError(body: unknown): boolean
}
