import { isRecord } from '../is-record.ts'
import { callWith, choicesOf } from '../translate/example-answer.ts'
import type { AnswerRule, Rule } from '../translate/rule.ts'

/** A type of tool that is none of the client's own and none of Anthropic's that are known here. */
export const unknownToolRule: Rule = {
  what: 'tools[].type',
  does: 'refused',
  how: 'a tool of this type is not known here, and the answer would not be what was asked for',
  example: { tools: [{ type: 'quantum_20300101', name: 'q' }] },
}

const says = (content: unknown): Readonly<Record<string, unknown>> => ({ messages: [{ role: 'user', content }] })
/** A tool whose input is a text of a grammar. */
export const customToolRule: Rule = {
  what: 'tools[].custom',
  does: 'refused',
  how: 'Anthropic knows tools with a JSON Schema alone',
  example: { tools: [{ type: 'custom', custom: { name: 'c' } }] },
}

const hi = [{ role: 'user', content: 'Hi' }]
const call = { type: 'tool_use', id: 'a', name: 'b', input: {} }

/** A conversation that Anthropic would keep, of which a request says the new part alone. */
export const threadRule: Rule = {
  what: 'thread',
  does: 'refused',
  how: 'a translated conversation is kept nowhere: send all of it as messages',
  example: { thread: { type: 'create' } },
  refuses: isRecord,
}

/** What a request loses on its way from Anthropic's Messages into the pivot. */
export const requestToChatRules: readonly Rule[] = [
  ...['container', 'inference_geo', 'speed', 'betas'].map((what): Rule => ({ what, does: 'dropped', how: 'nobody else has anything like it', example: { [what]: 'c' } })),
  { what: 'context_management', does: 'dropped', how: 'the conversation goes out as it came', example: { context_management: {} } },
  { what: 'mcp_servers', does: 'refused', how: 'servers of tools can be asked by Anthropic alone', example: { mcp_servers: [{ url: 'https://a.example' }] }, refuses: (value) => Array.isArray(value) && value.length > 0 },
  threadRule,
  { what: 'cache_control', does: 'dropped', how: 'at the top; a mark on a block stays on it', example: { cache_control: { type: 'ephemeral' } } },
  { what: 'service_tier', does: 'changed', how: '`standard_only` is `default`', example: { service_tier: 'standard_only' } },
  { what: 'output_config.format', does: 'changed', how: 'becomes a strict `response_format` called `structured_output`', example: { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } } },
  { what: 'output_config.effort', does: 'changed', how: 'becomes `reasoning_effort`; a budget of `thinking` is high from 4096 tokens, medium from 2048, low from 1024, else minimal', example: { output_config: { effort: 'high' } } },
  { what: 'system[].x-anthropic-billing-header', does: 'changed', how: 'loses its `cch=…`, which changes with every request', example: { system: [{ type: 'text', text: 'x-anthropic-billing-header: cc_version=1; cch=abcde;' }] } },
  { what: 'stop_sequences', does: 'changed', how: 'what is empty is left out', example: { stop_sequences: ['END', ''] } },
  { what: 'tools[] without a name', does: 'dropped', how: 'nobody could call it', example: { tools: [{ description: 'x' }] } },
  unknownToolRule,
  { what: 'messages[].content[].server_tool_use', does: 'dropped', how: 'with its result: the text that came of it stays', example: { messages: [...hi, { role: 'assistant', content: [{ type: 'server_tool_use', id: 's', name: 'web_search', input: {} }, { type: 'text', text: 'Hi' }] }] } },
  { what: 'messages[].content[].tool_result', does: 'changed', how: 'becomes a message of its own, before what else the user says', example: { messages: [{ role: 'assistant', content: [call] }, { role: 'user', content: [{ type: 'text', text: 'and?' }, { type: 'tool_result', tool_use_id: 'a', content: 'c' }] }] } },
  { what: 'messages[].content[].search_result', does: 'changed', how: 'becomes text under its title and source', example: says([{ type: 'search_result', title: 'a', source: 'b', content: [{ type: 'text', text: 'c' }] }]) },
  { what: 'messages[].content[].container_upload', does: 'refused', how: 'a block of this type is not known here', example: says([{ type: 'container_upload', file_id: 'f' }]) },
  { what: 'messages[].content[].document.source.file', does: 'refused', how: 'a document is base64, text, content or a URL: a file of Anthropic’s is nobody else’s', example: says([{ type: 'document', source: { type: 'file', file_id: 'f' } }]) },
]

/** What a request loses on its way from the pivot to a provider that speaks Anthropic's Messages. */
export const requestFromChatRules: readonly Rule[] = [
  { what: 'n', does: 'refused', how: 'Anthropic gives one answer to a request: n must be 1', example: { n: 2 }, refuses: (n) => n !== 1 },
  { what: 'audio', does: 'refused', how: 'Anthropic answers in text, not in audio', example: { audio: { voice: 'alloy', format: 'wav' } } },
  { what: 'modalities', does: 'refused', how: 'Anthropic answers in text, not in audio', example: { modalities: ['text', 'audio'] }, refuses: (value) => !Array.isArray(value) || value.some((one) => one !== 'text') },
  customToolRule,
  { what: 'web_search_options', does: 'refused', how: 'searching the web is a tool with Anthropic, and not asked for by an option', example: { web_search_options: {} }, refuses: isRecord },
  { what: 'messages[].content[].input_audio', does: 'refused', how: 'Anthropic does not hear', example: says([{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }]) },
  { what: 'messages[].content[].file.file_id', does: 'refused', how: 'a file that lies with another provider cannot be read', example: says([{ type: 'file', file: { file_id: 'f' } }]) },
  ...['seed', 'logprobs', 'top_logprobs', 'logit_bias', 'presence_penalty', 'frequency_penalty', 'store', 'metadata', 'prediction', 'verbosity', 'prompt_cache_key', 'prompt_cache_retention'].map(
    (what): Rule => ({ what, does: 'dropped', how: 'Anthropic has nothing like it', example: { [what]: 1 } }),
  ),
  { what: 'max_completion_tokens', does: 'changed', how: 'becomes `max_tokens`, which Anthropic requires: 4096 unless given', example: { max_completion_tokens: 9 } },
  { what: 'temperature', does: 'changed', how: 'at most 1; left out beside thinking, and with models that refuse it, as `top_p` and `top_k` are', example: { temperature: 2 } },
  { what: 'user', does: 'changed', how: 'becomes `metadata.user_id`, as `safety_identifier` does', example: { user: 'u' } },
  { what: 'stop', does: 'changed', how: 'what is nothing but white space is left out', example: { stop: ['END', ' '] } },
  { what: 'messages[].role system', does: 'changed', how: 'wherever it stands, it moves to `system`, in order', example: { messages: [{ role: 'user', content: 'Hi' }, { role: 'system', content: 'Be brief' }] } },
  { what: 'messages[].role tool', does: 'changed', how: 'all results of one turn stand in one message of the user, before its text', example: { messages: [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'b', arguments: '{}' } }] }, { role: 'tool', tool_call_id: 'a', content: 'c' }] } },
  { what: 'messages[].tool_calls[].arguments', does: 'changed', how: 'what is no JSON object becomes `{}`', example: { messages: [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'b', arguments: '{"c' } }] }] } },
  { what: 'messages[].tool_calls without tools', does: 'changed', how: 'the tools that were called are declared, and none may be called again', example: { messages: [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'b', arguments: '{}' } }] }] } },
  { what: 'messages[].reasoning_content', does: 'dropped', how: 'without a signature of Anthropic’s in `reasoning_details`', example: { messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'a', reasoning_content: 'b' }] } },
  { what: 'reasoning_effort', does: 'changed', how: 'becomes thinking within 1024 to 16384 tokens and below `max_tokens`, or none; a forced `tool_choice`, or calls under way that lack their thinking, win over it', example: { reasoning_effort: 'low' } },
  { what: 'response_format.json_object', does: 'changed', how: 'becomes a sentence in `system`', example: { response_format: { type: 'json_object' } } },
  { what: 'response_format.json_schema', does: 'changed', how: 'becomes `output_config.format`, without name', example: { response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object' } } } } },
  { what: 'image_url.detail', does: 'dropped', how: 'Anthropic sees all of a picture', example: says([{ type: 'image_url', image_url: { url: 'https://a.example/b.png', detail: 'low' } }]) },
]

/** What an answer loses on its way from or to Anthropic's Messages. */
export const answerRules: readonly AnswerRule[] = [
  { what: 'content[].server_tool_use', does: 'dropped', how: 'with its result and every block that is not known: a client would try to run it', of: 'provider', example: { content: [{ type: 'server_tool_use', id: 's', name: 'web_search', input: {} }, { type: 'web_search_tool_result', tool_use_id: 's', content: [] }, { type: 'text', text: 'Hi' }] } },
  { what: 'content[].citations', does: 'changed', how: 'pages become `annotations`; passages of documents are kept for dialects that know them', of: 'provider', example: { content: [{ type: 'text', text: 'Hi', citations: [{ type: 'web_search_result_location', url: 'https://a.example', title: 'A', cited_text: 'a', encrypted_index: 'x' }] }] } },
  { what: 'stop_reason', does: 'changed', how: '`pause_turn` and `stop_sequence` are stop, `model_context_window_exceeded` is length, `refusal` is content_filter', of: 'provider', example: { stop_reason: 'model_context_window_exceeded' } },
  { what: 'choices[1]', does: 'dropped', how: 'Anthropic’s clients read one answer', of: 'client', example: choicesOf({}, { message: { content: 'Ho' } }) },
  { what: 'choices[].message.tool_calls[].arguments', does: 'changed', how: 'what is no JSON object becomes `{}`; cut off by the limit of tokens, the call is dropped. A stream passes on the pieces', of: 'client', example: choicesOf({ message: callWith('{"c'), finish_reason: 'tool_calls' }) },
  { what: 'choices[].message.reasoning_content', does: 'changed', how: 'becomes thinking; without a signature it has an empty one', of: 'client', example: choicesOf({ message: { reasoning_content: 'hm' } }) },
  { what: 'choices[].logprobs', does: 'dropped', how: 'Anthropic has nothing like it', of: 'client', example: choicesOf({ logprobs: { content: [] } }) },
]
