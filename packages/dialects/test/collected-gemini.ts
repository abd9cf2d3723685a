import type { SseEvent } from '@sluice/provider'
import type { Collected } from './collected.ts'
import type { Json } from './translating.ts'

interface Part extends Json {
  text?: string
  thought?: boolean
  functionCall?: Json
}

interface Response extends Json {
  candidates?: (Json & { index?: number; content?: { role: string; parts?: Part[] }; finishReason?: string })[]
  usageMetadata?: Json
  error?: Json
}

/** A stream of Gemini's as the response that it stands for: texts of a kind are joined, counts replace each other. */
export function collectedGemini(events: readonly SseEvent[]): Collected {
  const collected: Collected = { body: {}, error: undefined, terminals: [] }
  const candidates = new Map<number, Json & { content: { role: string; parts: Part[] } }>()
  for (const { event, data } of events) {
    if (event !== '') throw new Error(`Gemini names no events, such as ${event}`)
    if (collected.terminals.length > 0) throw new Error('an event behind the end')
    const { candidates: told = [], error, ...others } = JSON.parse(data) as Response
    if (error) {
      collected.error = error
      collected.terminals.push('error')
      continue
    }
    Object.assign(collected.body, others)
    for (const { index = 0, content, finishReason } of told) {
      const known = candidates.get(index) ?? { index, content: { role: 'model', parts: [] } }
      candidates.set(index, known)
      for (const part of content?.parts ?? []) add(known.content.parts, part)
      if (finishReason !== undefined) known['finishReason'] = finishReason
    }
    if (told.some(({ finishReason }) => finishReason !== undefined)) collected.terminals.push('finish')
  }
  collected.body['candidates'] = [...candidates.values()].toSorted((a, b) => Number(a['index']) - Number(b['index']))
  return collected
}

function add(parts: Part[], part: Part): void {
  const last = parts.at(-1)
  if (part.text === '' && !part['thoughtSignature']) return
  if (last?.text === undefined || part.text === undefined || last.thought !== part.thought) parts.push({ ...part })
  else Object.assign(last, part, { text: last.text + part.text })
}
