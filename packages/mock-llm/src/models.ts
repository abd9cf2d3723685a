import { jsonAnswer, type Answer } from './answer.ts'
import type { Asked } from './asked.ts'

/** Any name is answered; these are for clients that offer a choice. */
const names = ['mock-llm', 'mock-llm-large', 'mock-embedding']

/** Lists models, or tells of one, in the shape that the client's headers ask for: OpenAI's, or Anthropic's. */
export function models({ headers, created, path }: Asked): Answer {
  const one = /\/models\/([^/]+)$/.exec(path)?.[1]
  const anthropic = headers['anthropic-version'] !== undefined
  const shape = (id: string) => (anthropic ? anthropicModel(id, created) : openaiModel(id, created))
  if (one !== undefined) return jsonAnswer(shape(one))
  const data = names.map(shape)
  if (!anthropic) return jsonAnswer({ object: 'list', data })
  return jsonAnswer({ data, has_more: false, first_id: names[0], last_id: names.at(-1) })
}

function anthropicModel(id: string, created: number) {
  return { type: 'model', id, display_name: id, created_at: new Date(created * 1_000).toISOString() }
}

function openaiModel(id: string, created: number) {
  return { id, object: 'model', created, owned_by: 'sluice' }
}
