import { isRecord } from '../is-record.ts'
import type { ToolCallDelta } from '../pivot/chat-chunk.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { argumentsOf } from './content-to-chat.ts'

interface Call {
  readonly index: number
  /** The provider's; undefined where it gave none. */
  id: string | undefined
  /** What is known so far of a call that has not been told, because its name is missing. */
  held: string
  isTold: boolean
}

/** Calls that one choice may make; what a stream makes up beyond is nonsense. */
const maxCalls = 1024

/**
 * Follows the tool calls of one choice. Servers number them from 1, all with 0, or not at all: a call is known by its id,
 * else by its number, else it is the last one. What goes on is numbered from 0.
 */
export class ToolCallsToChat {
  readonly #context: TranslationContext
  readonly #calls: Call[] = []
  readonly #byNumber = new Map<number, Call>()
  #heldLength = 0

  constructor(context: TranslationContext) {
    this.#context = context
  }

  get any(): boolean {
    return this.#calls.length > 0
  }

  read(deltas: readonly unknown[]): ToolCallDelta[] {
    return deltas.filter(isRecord).flatMap((delta) => {
      const own = isRecord(delta['function']) ? delta['function'] : {}
      const call = this.#callOf(delta, textIn(own['name']))
      return this.#tell(call, textIn(own['name']), argumentsOf(own['arguments']), delta['extra_content'])
    })
  }

  /** Throws where a call has come without a name: it cannot be told, and must not be lost. */
  finish(): void {
    if (this.#calls.some(({ isTold }) => !isTold)) throw new UpstreamNonsense('a tool call without the name of its function')
  }

  #tell(call: Call, name: string | undefined, text: string, extra: unknown): ToolCallDelta[] {
    const { index } = call
    if (call.isTold) return text === '' ? [] : [{ index, arguments: text }]
    call.held += text
    if (name === undefined) {
      this.#heldLength += text.length
      if (this.#heldLength > this.#context.options.maxHeld) throw new UpstreamNonsense('a tool call goes on without a name', 'event_too_large')
      return []
    }
    call.isTold = true
    const told: ToolCallDelta = {
      index,
      id: call.id ?? this.#context.newId('call_'),
      name: this.#context.toolNames.toClient(name),
      arguments: call.held,
      ...(isRecord(extra) && { extra_content: extra }),
    }
    call.held = ''
    return [told]
  }

  #callOf({ index: number, id: given }: Json, name: string | undefined): Call {
    const id = textIn(given)
    const known = id === undefined ? undefined : this.#calls.find((call) => call.id === id)
    if (known) return known
    const numbered = typeof number === 'number' ? this.#byNumber.get(number) : undefined
    // The same number with another id is another call.
    if (numbered && (id === undefined || numbered.id === undefined)) {
      if (!numbered.isTold) numbered.id ??= id
      return numbered
    }
    const last = this.#calls.at(-1)
    const goesOn = typeof number !== 'number' && id === undefined && (name === undefined || last?.isTold === false)
    if (last && goesOn) return last
    return this.#begin(id, number)
  }

  #begin(id: string | undefined, number: unknown): Call {
    if (this.#calls.length >= maxCalls) throw new UpstreamNonsense('more tool calls than anybody makes')
    const call: Call = { index: this.#calls.length, id, held: '', isTold: false }
    this.#calls.push(call)
    if (typeof number === 'number') this.#byNumber.set(number, call)
    return call
  }
}
