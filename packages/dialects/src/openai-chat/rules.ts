import { choicesOf } from '../translate/example-answer.ts'
import type { AnswerRule, Rule } from '../translate/rule.ts'

const hi = { messages: [{ role: 'user', content: 'Hi' }] }

/** What a request loses on its way from OpenAI's chat into the pivot. */
export const requestToChatRules: readonly Rule[] = [
  { what: 'max_tokens', does: 'changed', how: 'read as `max_completion_tokens`', example: { max_tokens: 9 } },
  { what: 'functions', does: 'changed', how: 'read as `tools`; `function_call` and the role `function` likewise', example: { functions: [{ name: 'f' }] } },
  { what: 'stop', does: 'changed', how: 'a text becomes a list; what is empty is left out', example: { stop: 'END' } },
]

/** What a request loses on its way from the pivot to a provider that speaks OpenAI's chat. */
export const requestFromChatRules: readonly Rule[] = [
  { what: 'top_k', does: 'dropped', how: 'unless the provider takes it: OpenAI samples by `top_p` alone', example: { top_k: 40 } },
  {
    what: 'thinking',
    does: 'dropped',
    how: 'unless the provider takes it: `reasoning_effort` says the same',
    example: { thinking: { type: 'enabled', budget_tokens: 2048 } },
  },
  ...['verbosity', 'prompt_cache_key', 'prompt_cache_retention'].map(
    (what): Rule => ({ what, does: 'dropped', how: 'unless the provider takes it: strict servers refuse what they do not know', example: { [what]: 'low' } }),
  ),
  { what: 'safety_identifier', does: 'changed', how: 'becomes `user` where there is none, unless the provider takes it', example: { safety_identifier: 's' } },
  {
    what: 'reasoning_effort',
    does: 'changed',
    how: 'left out for `gpt-3.5…` and `gpt-4…`, which refuse it',
    example: { model: 'gpt-4o', reasoning_effort: 'high' },
  },
  {
    what: 'messages[].cache_control',
    does: 'dropped',
    how: 'unless the provider takes it, everywhere: OpenAI caches by itself',
    example: { messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } }] }] },
  },
  {
    what: 'messages[].reasoning_content',
    does: 'dropped',
    how: 'unless the provider takes it; `reasoning_details` likewise',
    example: { messages: [...hi.messages, { role: 'assistant', content: 'a', reasoning_content: 'b' }] },
  },
  {
    what: 'messages[].is_error',
    does: 'dropped',
    how: 'the text of the result tells the model what went wrong',
    example: { messages: [{ role: 'tool', tool_call_id: 'c', content: 'no', is_error: true }] },
  },
  {
    what: 'messages[].content[].image_url',
    does: 'changed',
    how: 'a picture in the result of a tool follows behind the results in a message of the user',
    example: { messages: [{ role: 'tool', tool_call_id: 'c', content: [{ type: 'image_url', image_url: { url: 'https://a.example/b.png' } }] }] },
  },
  {
    what: 'messages[].content[].file.text',
    does: 'changed',
    how: 'a document in plain text becomes text under its title; `context` and `citations` are dropped',
    example: { messages: [{ role: 'user', content: [{ type: 'file', file: { text: 'once' } }] }] },
  },
  {
    what: 'messages[].content[].file.file_url',
    does: 'refused',
    how: 'the provider takes a document as data or by its id, not by its URL',
    example: { messages: [{ role: 'user', content: [{ type: 'file', file: { file_url: 'https://a.example/b.pdf' } }] }] },
  },
  {
    what: 'tools[].server',
    does: 'dropped',
    how: 'a tool that the provider would have to run; without another tool `tool_choice` goes with it',
    example: { tools: [{ type: 'server', server: { kind: 'web_search', native: {}, dialect: 'anthropic-messages' } }] },
  },
  {
    what: 'tools[].function.name',
    does: 'changed',
    how: 'beyond 64 letters, digits, `_` and `-`: its legal beginning and a hash. The answer has the client’s name',
    example: { tools: [{ type: 'function', function: { name: 'a.b' } }] },
  },
  {
    what: 'response_format.json_schema',
    does: 'changed',
    how: 'with `strict` every object is closed and all its properties are required, as OpenAI’s strict mode wants',
    example: { response_format: { type: 'json_schema', json_schema: { name: 'a', strict: true, schema: { type: 'object', properties: { b: {} } } } } },
  },
  { what: 'stop', does: 'changed', how: 'the first four: OpenAI refuses more', example: { stop: ['1', '2', '3', '4', '5'] } },
  { what: 'user', does: 'changed', how: 'beyond 64 characters its SHA-256', example: { user: 'u'.repeat(65) } },
  { what: 'stream_options', does: 'changed', how: 'usage is always asked for; the client gets the chunk if it asked', example: { stream: true, stream_options: { include_usage: false } } },
]

const call = { id: 'a', type: 'function', function: { name: 'b', arguments: '{}' } }
const said = (message: object, reason = 'stop'): AnswerRule['example'] => ({ choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: reason }] })

/** What an answer loses on its way from a provider to a client, if one of them speaks OpenAI's chat. */
export const answerRules: readonly AnswerRule[] = [
  { what: 'choices[].finish_reason', does: 'changed', how: '`function_call` and `stop` behind tool calls become `tool_calls`; words of other dialects become OpenAI’s', of: 'provider', example: said({ content: null, tool_calls: [call] }) },
  { what: 'choices[].message.function_call', does: 'changed', how: 'becomes the first of `tool_calls`; a client that asked by `functions` gets its first call so', of: 'provider', example: said({ content: null, function_call: call.function }, 'function_call') },
  { what: 'choices[].message.tool_calls[].id', does: 'changed', how: 'made up where it is missing or empty', of: 'provider', example: said({ content: null, tool_calls: [{ ...call, id: '' }] }, 'tool_calls') },
  { what: 'choices[].message.content[]', does: 'changed', how: 'parts (Mistral) are joined; those of type `thinking` become `reasoning_content`', of: 'provider', example: said({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }, { type: 'text', text: 'Hi' }] }) },
  { what: 'choices[].stop_sequence', does: 'dropped', how: 'OpenAI does not tell which stop sequence was met', of: 'client', example: choicesOf({ stop_sequence: 'END' }) },
  { what: 'annotations[].citation', does: 'dropped', how: 'OpenAI knows citations of pages alone', of: 'client', example: choicesOf({ message: { annotations: [{ type: 'citation', start_index: 0, end_index: 2, native: {} }] } }) },
]
