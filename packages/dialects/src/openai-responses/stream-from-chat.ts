import type { ClientError } from '../dialect-facts.ts'
import { openAiError } from '../openai-error.ts'
import type { ChatUsage, FinishReason } from '../pivot/chat-answer.ts'
import type { ChatChunk, ChatDelta } from '../pivot/chat-chunk.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import { namedEvent } from '../translate/sse.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import type { StreamFromChat } from '../translate/translator.ts'
import { logprobsFromChat } from './logprobs.ts'
import { OutputItems } from './output-items.ts'
import { endOf, responseFor, type ResponseHead, type ResponseState } from './response.ts'

/** Writes a stream of the Responses API out of the first choice of a chat. The last event repeats all of the answer. */
export class ResponsesStreamFromChat implements StreamFromChat {
  readonly #context: TranslationContext
  readonly #items: OutputItems
  #out: Buffer[] = []
  #sequence = 0
  #head: ResponseHead | undefined
  #usage: ChatUsage | undefined
  #finish: FinishReason = 'stop'
  /** Characters that the last event has to repeat. */
  #kept = 0

  constructor(context: TranslationContext) {
    this.#context = context
    this.#items = new OutputItems(context, (type, members) => this.#tell(type, members))
  }

  write(chunk: ChatChunk, out: Buffer[]): void {
    this.#out = out
    if (!this.#head) this.#begin(chunk)
    if (chunk.usage) this.#usage = chunk.usage
    for (const { index, delta, finish_reason: finish, logprobs } of chunk.choices) {
      if (index !== 0) continue
      this.#keep(delta)
      this.#items.add(delta, logprobsFromChat(logprobs))
      if (finish !== undefined) this.#finish = finish
    }
  }

  end(out: Buffer[]): void {
    this.#out = out
    const head = this.#head ?? this.#begin({ choices: [] })
    const end = endOf(this.#finish)
    this.#items.close(end.status === 'incomplete' ? 'incomplete' : 'completed')
    this.#tellResponse(`response.${end.status}`, head, { ...end, usage: this.#usage })
  }

  /** One event for both kinds of clients: those that read the response, and SDKs, which throw where an event has an error. */
  fail(error: ClientError, out: Buffer[]): void {
    this.#out = out
    const head = this.#head ?? this.#begin({ choices: [] })
    const told = openAiError(error)
    const more = `,"error":${JSON.stringify(told)}`
    this.#tellResponse('response.failed', head, { status: 'failed', error: { code: told.code ?? told.type, message: told.message }, usage: this.#usage }, more)
  }

  #begin({ id, created, model, service_tier }: ChatChunk): ResponseHead {
    const head = {
      id: id ?? this.#context.newId('resp_'),
      created_at: created ?? this.#context.options.now(),
      model: model ?? this.#context.model,
      ...(service_tier !== undefined && { service_tier }),
    }
    this.#head = head
    this.#tellResponse('response.created', head, { status: 'in_progress' })
    this.#tellResponse('response.in_progress', head, { status: 'in_progress' })
    return head
  }

  #keep({ content, refusal, reasoning_content: thought, reasoning_details: details, tool_calls: calls }: ChatDelta): void {
    this.#kept += (content?.length ?? 0) + (refusal?.length ?? 0) + (thought?.length ?? 0)
    if (calls) for (const call of calls) this.#kept += call.arguments.length
    if (details) for (const detail of details) this.#kept += detail.type === 'reasoning.encrypted' ? detail.data.length : 0
    if (this.#kept > this.#context.options.maxHeld) throw new UpstreamNonsense('the answer is too large for the event that has to repeat it', 'event_too_large')
  }

  #tellResponse(type: string, head: ResponseHead, state: Omit<ResponseState, 'output'>, more = ''): void {
    this.#tell(type, `"response":${JSON.stringify(responseFor(head, { ...state, output: this.#items.items }, this.#context))}${more}`)
  }

  #tell(type: string, members: string): void {
    this.#out.push(namedEvent(type, `{"type":"${type}",${members},"sequence_number":${this.#sequence++}}`))
  }
}
