import type { Dialect } from '@sluice/provider'
import type { ChatAnswer, ChatUsage, FinishReason } from '../src/pivot/chat-answer.ts'
import type { AssistantMessage, CacheControl, ChatMessage, ChatRequest, ChatTool, ChatToolCall, ChatToolChoice, FilePart, TextPart, ToolMessage, UserPart } from '../src/pivot/chat-request.ts'
import { anthropicFormat, openAiFormat, textOfDetail, type ReasoningDetail } from '../src/pivot/reasoning.ts'
import { geminiFormat } from '../src/gemini/signature.ts'
import { Random } from './random.ts'

/** What a dialect can say of a chat: only that is put into conversations which have to survive it. */
export interface Says {
  readonly cacheControl: boolean
  /** A signature that only its vendor knows stays with the reasoning. */
  readonly signedReasoning: boolean
  /** Reasoning is Google's: thoughts with signatures. */
  readonly googleReasoning?: boolean
  /** Reasoning is OpenAI's: summaries, and a cipher for the whole item. */
  readonly encryptedReasoning?: boolean
  readonly thinkingBudget: boolean
  readonly topK: boolean
  readonly isError: boolean
  readonly picturesFromTools: boolean
  /** Documents beside PDFs with a name. */
  readonly documents: boolean
  readonly citations: boolean
  readonly severalChoices: boolean
  readonly refusal: boolean
  readonly stopSequence: boolean
  /** Calls have Google's signature. */
  readonly signedCalls?: boolean
  /** What else it has no place for. */
  readonly lacks?: ReadonlySet<'file names' | 'strict tools' | 'single calls' | 'user' | 'cache writes' | 'addresses' | 'marks in results' | 'files without a word' | 'thought tokens' | 'ids of answers'>
  /** The request cannot name texts to stop at. */
  readonly neverStops?: boolean
}

/** The same of a request that is written in a dialect: Bedrock fetches nothing. */
export function writtenIn(dialect: Dialect, says: Says): Says {
  return dialect === 'bedrock-converse' ? { ...says, lacks: new Set(['addresses']) } : says
}

const texts = ['Hi', 'Grüße 世界 👩‍👩‍👧‍👦', 'a "quoted"\nline\\', '\u2028{"not": json}', ' x ', '__proto__'] as const
const words = ['get_weather', 'read_file', 'constructor', 'b-2'] as const
const argumentTexts = ['{}', '{"city":"Paris"}', '{"a":[1,2,{"b":null}],"c":"}\\"{"}', '{"__proto__":{"x":1}}', '{"n":1.5}'] as const

export function text(random: Random): string {
  return random.pick(texts)
}

function mark(random: Random, says: Says): { cache_control?: CacheControl } {
  return says.cacheControl ? random.sometimes((): { cache_control: CacheControl } => ({ cache_control: { type: 'ephemeral', ...random.sometimes(() => ({ ttl: '1h' })) } }), 40) : {}
}

/** Parts where the dialect has marks for the cache, else one text: others may join what has no mark. */
function contentOf(random: Random, says: Says): string | TextPart[] {
  if (!says.cacheControl || random.chance()) return text(random)
  const parts = random.some(1, 3, (): TextPart => ({ type: 'text', text: text(random), ...mark(random, says) }))
  return [...parts, { type: 'text', text: 'last', cache_control: { type: 'ephemeral' } }]
}

function fileOf(random: Random, says: Says): FilePart {
  const file = { file_data: 'data:application/pdf;base64,JVBERi0=', ...(!says.lacks?.has('file names') && { filename: 'a.pdf' }) }
  if (!says.documents) return { type: 'file', file }
  const about = { ...random.sometimes(() => ({ context: text(random) })), ...random.sometimes(() => ({ citations: true })) }
  return { type: 'file', file: { ...random.pick<FilePart['file']>([file, { text: 'once upon' }, { file_url: 'https://a.example/b.pdf' }]), ...about }, ...mark(random, says) }
}

function userPart(random: Random, says: Says): UserPart {
  const image = { type: 'image_url', image_url: { url: random.pick(['data:image/png;base64,AAAA', says.lacks?.has('addresses') ? 'data:image/webp;base64,AAAA' : 'https://a.example/b.png']) } } as const
  return random.pick<() => UserPart>([
    () => ({ type: 'text', text: text(random), ...mark(random, says) }),
    () => ({ ...image, ...mark(random, says) }),
    () => fileOf(random, says),
  ])()
}

export function reasoningOf(random: Random, says: Says): { reasoning_content?: string; reasoning_details?: ReasoningDetail[] } {
  if (says.encryptedReasoning) return reasoningItems(random)
  if (!says.signedReasoning && !says.googleReasoning) return {}
  const format = says.googleReasoning ? geminiFormat : anthropicFormat
  const details = random.some(1, 3, (index): ReasoningDetail =>
    index > 0 && says.signedReasoning && random.chance(30)
      ? { type: 'reasoning.encrypted', data: 'cipher==', format, index }
      : { type: 'reasoning.text', text: `thought ${index} ${text(random)}`, signature: `sig${index}`, format, index },
  )
  return { reasoning_content: details.map((one) => (one.type === 'reasoning.text' ? one.text : '')).join(''), reasoning_details: details }
}

/** Items of OpenAI's reasoning: each has its cipher at the end. */
function reasoningItems(random: Random): { reasoning_content?: string; reasoning_details: ReasoningDetail[] } {
  const items = random.some(1, 2, (item) => {
    const about = { id: `rs_${item}`, format: openAiFormat }
    const summaries = random.some(0, 2, (part): ReasoningDetail => ({ type: 'reasoning.summary', summary: `thought ${part} ${text(random)}`, ...about }))
    const raw = random.some(0, 1, (): ReasoningDetail => ({ type: 'reasoning.text', text: text(random), ...about }))
    return [...summaries, ...raw, { type: 'reasoning.encrypted', data: `cipher${item}==`, ...about } as const]
  })
  const details = items.flat().map((detail, index) => ({ ...detail, index }))
  const thoughts = details.map(textOfDetail).filter((one) => one !== '')
  return { ...(thoughts.length > 0 && { reasoning_content: thoughts.join('\n\n') }), reasoning_details: details }
}

function turn(random: Random, says: Says, number: number): ChatMessage[] {
  const last: UserPart[] = says.lacks?.has('files without a word') ? [{ type: 'text', text: 'last' }] : []
  const user: ChatMessage = { role: 'user', content: random.chance() ? text(random) : [...random.some(1, 3, () => userPart(random, says)), ...last] }
  const calls = random.some(1, 3, (index) => ({
    ...callOf(random, says, `call_${number}_${index}`),
    ...(says.cacheControl && says.isError && mark(random, says)),
  }))
  const asks: AssistantMessage = { role: 'assistant', ...random.sometimes(() => reasoningOf(random, says)), ...random.sometimes(() => ({ content: contentOf(random, says) })), tool_calls: calls }
  const inResults = says.lacks?.has('marks in results') ? { ...says, cacheControl: false } : says
  const results = calls.map(({ id }): ToolMessage => ({
    role: 'tool',
    tool_call_id: id,
    content: says.picturesFromTools && random.chance(30) ? random.some(1, 2, () => userPart(random, inResults)) : text(random),
    ...(says.isError && random.sometimes(() => ({ is_error: true }), 30)),
    ...mark(random, says),
  }))
  const answers: AssistantMessage = { role: 'assistant', content: contentOf(random, says), ...random.sometimes(() => reasoningOf(random, says), 30) }
  return random.chance() ? [user, asks, ...results, answers] : [user, answers]
}

/** `isForced`: a tool may have to be called. */
function tools(random: Random, says: Says, isForced: boolean): Partial<ChatRequest> {
  const list = words.map((name): ChatTool => ({
    type: 'function',
    function: {
      name,
      ...random.sometimes(() => ({ description: text(random) })),
      parameters: { properties: { city: { type: 'string' } }, type: 'object' },
      ...(!says.lacks?.has('strict tools') && random.sometimes(() => ({ strict: true }))),
    },
    ...mark(random, says),
  }))
  const choice = isForced ? random.pick<ChatToolChoice>(['auto', 'required', { type: 'function', function: { name: words[0] } }]) : 'auto'
  return { tools: list, ...random.sometimes(() => ({ tool_choice: choice, ...(!says.lacks?.has('single calls') && random.sometimes(() => ({ parallel_tool_calls: false }))) })) }
}

/** A request that the dialect can say whole. */
export function requestFor(says: Says, seed: number): ChatRequest {
  const random = new Random(seed)
  const system: ChatMessage[] = random.chance() ? [{ role: 'system', content: contentOf(random, says) }] : []
  const messages = [...system, ...random.some(1, 4, (number) => turn(random, says, number)).flat()]
  const thinks = says.thinkingBudget && random.chance(30)
  return {
    model: 'some-model',
    messages: [...messages, { role: 'user', content: text(random) }],
    max_completion_tokens: 8192,
    ...(thinks && { thinking: { type: 'enabled', budget_tokens: 2048 }, reasoning_effort: 'medium' }),
    ...tools(random, says, !thinks),
    ...(!thinks && random.sometimes(() => ({ temperature: random.pick([0, 0.5, 1]), top_p: 0.9 }))),
    ...(!thinks && says.topK && random.sometimes(() => ({ top_k: 7 }))),
    ...(!says.neverStops && random.sometimes(() => ({ stop: ['END', 'STOP'] }))),
    ...(!says.lacks?.has('user') && random.sometimes(() => ({ user: 'u1' }))),
    ...random.sometimes(() => ({ stream: true })),
    ...random.sometimes(() => ({ response_format: { type: 'json_schema', json_schema: { name: 'structured_output', strict: true, schema: { type: 'object', properties: { a: {} }, additionalProperties: false, required: ['a'] } } } }), 20),
  }
}

const finishes: readonly [FinishReason, ...FinishReason[]] = ['stop', 'length', 'content_filter']

function usageOf(random: Random, says: Says): ChatUsage {
  const cached_tokens = random.below(50)
  const cache_write_tokens = says.lacks?.has('cache writes') ? 0 : random.below(50)
  const prompt_tokens = cached_tokens + cache_write_tokens + random.below(100)
  const completion_tokens = 9 + random.below(100)
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens, prompt_tokens_details: { cached_tokens, cache_write_tokens }, ...(!says.lacks?.has('thought tokens') && random.sometimes(() => ({ completion_tokens_details: { reasoning_tokens: 1 + random.below(9) } }))) }
}

function callOf(random: Random, says: Says, id: string): ChatToolCall {
  const signed = says.signedCalls && random.sometimes(() => ({ extra_content: { google: { thought_signature: 'c2ln' } } }))
  return { id, type: 'function', function: { name: random.pick(words), arguments: random.pick(argumentTexts) }, ...signed }
}

function finishOf(random: Random, calls: boolean, stops: boolean): FinishReason {
  if (calls) return 'tool_calls'
  return stops ? 'stop' : random.pick(finishes)
}

/** An answer that the dialect can say whole. */
export function answerFor(says: Says, seed: number): ChatAnswer {
  const random = new Random(seed)
  const choices = Array.from({ length: says.severalChoices && random.chance(30) ? 2 : 1 }, (_, index) => {
    const refuses = says.refusal && random.chance(20)
    const calls = random.some(refuses || random.chance() ? 0 : 1, refuses ? 0 : 3, (call) => callOf(random, says, `call_${index}_${call}`))
    const content = refuses || (calls.length > 0 && random.chance()) ? null : text(random)
    const stops = calls.length === 0 && says.stopSequence && random.chance(20)
    return {
      index,
      message: {
        role: 'assistant' as const,
        content,
        refusal: refuses ? text(random) : null,
        ...(calls.length > 0 && { tool_calls: calls }),
        ...random.sometimes(() => reasoningOf(random, says)),
        ...(says.citations && content && random.sometimes(() => ({ annotations: [annotation(content.length)] }), 30)),
      },
      logprobs: null,
      finish_reason: finishOf(random, calls.length > 0, stops),
      ...(stops && { stop_sequence: 'END' }),
    }
  })
  const id = says.lacks?.has('ids of answers') ? '' : 'some-id'
  return { id, object: 'chat.completion', created: 1_700_000_000, model: 'some-model', choices, usage: usageOf(random, says) }
}

function annotation(end_index: number) {
  const native = { type: 'web_search_result_location', url: 'https://a.example', title: 'A', cited_text: 'a', encrypted_index: 'x' }
  return { type: 'url_citation' as const, url_citation: { url: 'https://a.example', title: 'A', start_index: 0, end_index }, native }
}
