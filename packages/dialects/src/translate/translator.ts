import type { Dialect } from '@sluice/provider'
import type { ClientError } from '../dialect-facts.ts'
import type { ChatAnswer } from '../pivot/chat-answer.ts'
import type { ChatChunk } from '../pivot/chat-chunk.ts'
import type { ChatRequest } from '../pivot/chat-request.ts'
import type { Json } from './json.ts'
import type { AnswerRule, Rule } from './rule.ts'
import type { TranslationContext } from './translation-context.ts'

/**
 * How one dialect is said in the pivot, and the pivot in it. Pure: what changes from call to call is in the context.
 *
 * `…ToChat` reads what came over the wire: it takes nothing for granted, throws `Untranslatable` for a request and
 * `UpstreamNonsense` for an answer that is none, and gives a chat that is well-formed. `…FromChat` may rely on that.
 */
export interface Translator extends ClientTranslator {
  requestFromChat(chat: ChatRequest, context: TranslationContext): Json
  answerToChat(body: Json, context: TranslationContext): ChatAnswer
  streamToChat(context: TranslationContext): StreamToChat
  readonly rules: TranslationRules & { readonly requestFromChat: readonly Rule[] }
}

/** The half of a translator that serves clients: a dialect in which no provider is asked has no other. */
export interface ClientTranslator {
  readonly dialect: Dialect
  requestToChat(body: Json, context: TranslationContext): ChatRequest
  answerFromChat(chat: ChatAnswer, context: TranslationContext): Json
  streamFromChat(context: TranslationContext): StreamFromChat
  readonly rules: TranslationRules
}

/** What is lost on the way into the pivot and out of it; written to TRANSLATION.md. */
export interface TranslationRules {
  readonly requestToChat: readonly Rule[]
  readonly requestFromChat?: readonly Rule[]
  readonly answers: readonly AnswerRule[]
}

/** One event of a provider's stream: name and data of an SSE event, or type and payload of a binary message. */
export interface ProviderEvent {
  readonly event: string
  readonly data: string
}

/** Reads one streamed answer of a provider. */
export interface StreamToChat {
  /** What an event says; an empty list where it says nothing. Throws `UpstreamNonsense`. */
  read(event: ProviderEvent): readonly ChatChunk[]
  /** What an event says that differs from the last one in nothing but its one text; undefined: it has to be read. */
  readLike?(text: string): readonly ChatChunk[] | undefined
  /** What was held back when the provider closed the stream. */
  end(): readonly ChatChunk[]
  /** Nothing is missing should the provider close now. */
  readonly finished: boolean
  /** The provider has said its last word: nothing more is waited for. */
  readonly ended: boolean
}

/** Writes one streamed answer for a client. Each buffer is one whole event. */
export interface StreamFromChat {
  /** Throws `UpstreamNonsense` where more would have to be held than may be. */
  write(chunk: ChatChunk, out: Buffer[]): void
  /** Closes what is open and says the dialect's last word. Called once, after the last chunk; never after a failure. */
  end(out: Buffer[]): void
  /** Says the last word of an answer that has failed, where it is more than the dialect's error event. Instead of `end`. */
  fail?(error: ClientError, out: Buffer[]): void
}
