import type { SseEvent } from '@sluice/provider'
import type { Json } from './translating.ts'

/** What a client makes of a stream. */
export interface Collected {
  body: Json
  /** The error event, where there was one. */
  error: Json | undefined
  /** Events that end a stream: `[DONE]`, `message_stop`, an error. */
  terminals: string[]
}

interface Call {
  id: string
  type: string
  function: { name: string; arguments: string }
}

/** A stream of chat chunks as the completion that it stands for. */
export function collectedChat(events: readonly SseEvent[]): Collected {
  const choices = new Map<number, Json & { message: Json & { tool_calls?: Call[] } }>()
  const collected: Collected = { body: {}, error: undefined, terminals: [] }
  for (const { data } of events) {
    if (data === '[DONE]') {
      collected.terminals.push(data)
      continue
    }
    const chunk = JSON.parse(data) as Json
    if (chunk['error']) {
      collected.error = chunk['error'] as Json
      collected.terminals.push('error')
      continue
    }
    for (const name of ['id', 'model', 'created', 'service_tier', 'system_fingerprint', 'usage']) if (chunk[name]) collected.body[name] = chunk[name]
    for (const { index, delta, finish_reason, logprobs } of chunk['choices'] as { index: number; delta: Json; finish_reason: string | null; logprobs?: unknown }[]) {
      const choice = choices.get(index) ?? { index, message: { role: 'assistant', content: null, refusal: null }, finish_reason: null, logprobs: null }
      choices.set(index, choice)
      if (finish_reason !== null) choice['finish_reason'] = finish_reason
      if (logprobs) choice['logprobs'] = logprobs
      const { message } = choice
      for (const name of ['content', 'refusal', 'reasoning_content']) {
        if (typeof delta[name] === 'string') message[name] = String(message[name] ?? '') + delta[name]
      }
      for (const call of (delta['tool_calls'] ?? []) as (Partial<Call> & { index: number })[]) {
        message.tool_calls ??= []
        const known = (message.tool_calls[call.index] ??= { id: call.id ?? '', type: 'function', function: { name: call.function?.name ?? '', arguments: '' } })
        known.function.arguments += call.function?.arguments ?? ''
      }
      for (const detail of (delta['reasoning_details'] ?? []) as Json[]) addDetail(message, detail)
      if (delta['annotations']) message['annotations'] = [...((message['annotations'] ?? []) as Json[]), ...(delta['annotations'] as Json[])]
    }
  }
  for (const { message } of choices.values()) if (message['content'] === '' && (message.tool_calls || message['refusal'])) message['content'] = null
  if (choices.size > 0) Object.assign(collected.body, { object: 'chat.completion', choices: [...choices.values()].toSorted((a, b) => Number(a['index']) - Number(b['index'])) })
  return collected
}

function addDetail(message: Json, detail: Json): void {
  const details = (message['reasoning_details'] ??= []) as Json[]
  const known = details.find(({ index }) => index === detail['index'])
  if (!known) return void details.push({ ...detail })
  if (detail['text']) known['text'] = String(known['text'] ?? '') + String(detail['text'])
  if (detail['signature']) known['signature'] = detail['signature']
}

/** A stream of Anthropic's as the message that it stands for, held to the order of its events. */
export function collectedMessage(events: readonly SseEvent[]): Collected {
  const collected: Collected = { body: {}, error: undefined, terminals: [] }
  const content: Json[] = []
  const json = new Map<number, string>()
  let open: number | undefined
  for (const { event, data } of events) {
    const body = JSON.parse(data) as Json
    const index = body['index'] as number
    if (body['type'] !== event) throw new Error(`the event ${event} says that it is ${String(body['type'])}`)
    if (collected.terminals.length > 0) throw new Error(`${event} behind the end`)
    switch (event) {
      case 'message_start':
        collected.body = { ...(body['message'] as Json) }
        break
      case 'content_block_start':
        if (open !== undefined || index !== content.length) throw new Error(`block ${index} begins out of order`)
        open = index
        content.push({ ...(body['content_block'] as Json) })
        break
      case 'content_block_delta': {
        if (index !== open) throw new Error(`a piece for block ${index}, which is not open`)
        const block = content[index] ?? {}
        const delta = body['delta'] as Json
        if (delta['type'] === 'text_delta') block['text'] = String(block['text']) + String(delta['text'])
        if (delta['type'] === 'thinking_delta') block['thinking'] = String(block['thinking']) + String(delta['thinking'])
        if (delta['type'] === 'signature_delta') block['signature'] = delta['signature']
        if (delta['type'] === 'citations_delta') block['citations'] = [...((block['citations'] ?? []) as Json[]), delta['citation']]
        if (delta['type'] === 'input_json_delta') json.set(index, (json.get(index) ?? '') + String(delta['partial_json']))
        break
      }
      case 'content_block_stop':
        if (index !== open) throw new Error(`block ${index} ends, and is not open`)
        open = undefined
        break
      case 'message_delta':
        Object.assign(collected.body, body['delta'], { usage: body['usage'] })
        break
      case 'ping':
        break
      case 'message_stop':
        collected.terminals.push(event)
        break
      case 'error':
        collected.error = body['error'] as Json
        collected.terminals.push(event)
        break
      default:
        throw new Error(`${event} is no event of Anthropic's`)
    }
  }
  for (const [index, text] of json) Object.assign(content[index] ?? {}, { input: parsed(text) })
  collected.body['content'] = content
  return collected
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return { unparsed: text }
  }
}
