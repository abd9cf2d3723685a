import type { Script } from '@sluice/mock-llm'
import type { Dialect } from '@sluice/provider'

const thought = { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Let me think.' }], encrypted_content: 'cipher' }
const said = { type: 'message', id: 'msg_1', status: 'completed', role: 'assistant', content: [{ type: 'output_text', text: 'Done.', annotations: [] }] }
const usage = { input_tokens: 3, output_tokens: 9, output_tokens_details: { reasoning_tokens: 4 }, total_tokens: 12 }
const response = { id: 'resp_1', object: 'response', created_at: 1, status: 'completed', model: 'm', output: [thought, said], usage }

/** The response event by event, as https://platform.openai.com/docs/api-reference/responses-streaming has it. */
const responseEvents = [
  { type: 'response.created', response: { ...response, status: 'in_progress', output: [], usage: null } },
  { type: 'response.in_progress', response: { ...response, status: 'in_progress', output: [], usage: null } },
  { type: 'response.output_item.added', output_index: 0, item: { ...thought, summary: [] } },
  { type: 'response.reasoning_summary_part.added', item_id: 'rs_1', output_index: 0, summary_index: 0, part: { type: 'summary_text', text: '' } },
  { type: 'response.reasoning_summary_text.delta', item_id: 'rs_1', output_index: 0, summary_index: 0, delta: 'Let me ' },
  { type: 'response.reasoning_summary_text.delta', item_id: 'rs_1', output_index: 0, summary_index: 0, delta: 'think.' },
  { type: 'response.reasoning_summary_text.done', item_id: 'rs_1', output_index: 0, summary_index: 0, text: 'Let me think.' },
  { type: 'response.reasoning_summary_part.done', item_id: 'rs_1', output_index: 0, summary_index: 0, part: thought.summary[0] },
  { type: 'response.output_item.done', output_index: 0, item: thought },
  { type: 'response.output_item.added', output_index: 1, item: { ...said, status: 'in_progress', content: [] } },
  { type: 'response.content_part.added', item_id: 'msg_1', output_index: 1, content_index: 0, part: { ...said.content[0], text: '' } },
  { type: 'response.output_text.delta', item_id: 'msg_1', output_index: 1, content_index: 0, delta: 'Done.' },
  { type: 'response.output_text.done', item_id: 'msg_1', output_index: 1, content_index: 0, text: 'Done.' },
  { type: 'response.content_part.done', item_id: 'msg_1', output_index: 1, content_index: 0, part: said.content[0] },
  { type: 'response.output_item.done', output_index: 1, item: said },
  { type: 'response.completed', response },
]

/** How a provider of each dialect answers with thoughts: as one was recorded, where the mock does not think by itself. */
export const thoughts: Readonly<Partial<Record<Dialect, Script>>> = {
  'openai-chat': { fixture: 'deepseek-reasoning-json' },
  'openai-responses': { body: response },
  'anthropic-messages': { fixture: 'anthropic-thinking' },
  gemini: { fixture: 'gemini-thinking-json' },
  'bedrock-converse': { fixture: 'bedrock-reasoning' },
}

/** The same streamed. */
export const streamedThoughts: Readonly<Partial<Record<Dialect, Script>>> = {
  'openai-chat': { fixture: 'deepseek-stream-reasoning' },
  'openai-responses': { event: responseEvents.map((event, index) => `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: index })}\n\n`) },
  'anthropic-messages': { fixture: 'anthropic-stream-thinking' },
}
