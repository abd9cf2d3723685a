import type { ChatChoice, FinishReason } from '../pivot/chat-answer.ts'

/** A dialect's words for why an answer ended: all that it has in OpenAI's, and of them the one to tell for each of OpenAI's. */
export interface FinishTable {
  readonly reasons: Readonly<Record<string, FinishReason>>
  readonly words: Readonly<Record<FinishReason, string>>
  /** The word for a stop that a stop sequence was the cause of. */
  readonly stopSequence?: string
}

/** Translates why an answer ended between a dialect's words and OpenAI's. */
export class FinishWords {
  readonly #reasons: ReadonlyMap<string, FinishReason>
  readonly #words: FinishTable['words']
  readonly #stopSequence: string | undefined

  constructor({ reasons, words, stopSequence }: FinishTable) {
    this.#reasons = new Map(Object.entries(reasons))
    this.#words = words
    this.#stopSequence = stopSequence
  }

  /** The dialect's word as OpenAI's; a stop where it is not known. With calls a normal stop is one for them. */
  toChat(word: string, hasCalls: boolean): FinishReason {
    const finish = this.#reasons.get(word) ?? 'stop'
    return finish === 'stop' && hasCalls ? 'tool_calls' : finish
  }

  /** The word for the dialect's clients: the provider's own where it is one of theirs and means the same. */
  toClient({ finish_reason: finish, native_finish_reason: native, stop_sequence: stop }: Pick<ChatChoice, 'finish_reason' | 'native_finish_reason' | 'stop_sequence'>): string {
    if (native !== undefined && this.#reasons.get(native) === finish) return native
    return finish === 'stop' && stop !== undefined && this.#stopSequence !== undefined ? this.#stopSequence : this.#words[finish]
  }
}
