import type { SseEvent } from '@sluice/provider'
import { completionProblems } from '../../../test/support/completion-schema.ts'
import type { Collected } from './collected.ts'
import type { Json } from './translating.ts'

/** A stream of text completions as the one that it stands for. */
export function collectedCompletion(events: readonly SseEvent[]): Collected {
  const collected: Collected = { body: {}, error: undefined, terminals: [] }
  const choices = new Map<unknown, Json>()
  for (const { data } of events) {
    if (data === '[DONE]') {
      collected.terminals.push(data)
      continue
    }
    const body = JSON.parse(data) as Json
    if (body['error']) {
      collected.error = body['error'] as Json
      collected.terminals.push('error')
      continue
    }
    const problems = completionProblems(body, true)
    if (problems.length > 0) throw new Error(problems.join('; '))
    const { choices: told, usage, ...head } = body
    Object.assign(collected.body, head, usage && { usage })
    for (const { text, ...choice } of told as Json[]) {
      const known = choices.get(choice['index'])
      choices.set(choice['index'], { ...known, ...choice, text: String(known?.['text'] ?? '') + String(text) })
    }
  }
  if (choices.size > 0) collected.body['choices'] = [...choices.values()]
  return collected
}
