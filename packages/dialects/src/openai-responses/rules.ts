import { isRecord } from '../is-record.ts'
import { choicesOf } from '../translate/example-answer.ts'
import type { AnswerRule, Rule } from '../translate/rule.ts'

const asks = (item: Record<string, unknown>): Readonly<Record<string, unknown>> => ({ input: [{ role: 'user', content: 'Hi' }, item] })
const says = (part: Record<string, unknown>): Readonly<Record<string, unknown>> => ({ input: [{ role: 'user', content: [part] }] })
const chat = (...messages: unknown[]): Readonly<Record<string, unknown>> => ({ messages: [{ role: 'user', content: 'Hi' }, ...messages] })
const isOn = (value: unknown): boolean => value !== false
const stateless = 'a translated conversation is kept nowhere: send all of it as input'

/** A tool that OpenAI runs, or whose calls nobody else can make. */
export const hostedToolRule: Rule = {
  what: 'tools[].type',
  does: 'refused',
  how: 'the provider calls tools of the client: it does not run those of OpenAI',
  example: { tools: [{ type: 'web_search' }] },
}

/** A choice of a tool that is no function. */
export const hostedChoiceRule: Rule = {
  what: 'tool_choice.type',
  does: 'refused',
  how: 'tool_choice is none, auto, required, names a tool of the client or says which of them are allowed',
  example: { tools: [{ type: 'function', name: 'f' }], tool_choice: { type: 'file_search' } },
}

/** An item of the input without which the conversation would be another. */
export const unknownItemRule: Rule = {
  what: 'input[].type',
  does: 'refused',
  how: 'an item is a message, reasoning, a function_call, a custom_tool_call or the output of either: nothing else can be told to the provider',
  example: asks({ type: 'computer_call_output', call_id: 'c', output: { type: 'computer_screenshot' } }),
}

/** An item that stands for one which OpenAI has stored. */
export const itemReferenceRule: Rule = { what: 'input[].item_reference', does: 'refused', how: `${stateless}, as clients do with store: false`, example: asks({ type: 'item_reference', id: 'msg_1' }) }

/** A picture that lies with OpenAI. */
export const pictureIdRule: Rule = {
  what: 'input[].content[].input_image.file_id',
  does: 'refused',
  how: 'a picture is a URL or data: a file that lies with another provider cannot be read',
  example: says({ type: 'input_image', file_id: 'f' }),
}

/** Sound, which Responses has no part for. */
export const audioRule: Rule = {
  what: 'messages[].content[].input_audio',
  does: 'refused',
  how: 'the Responses API does not hear',
  example: { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }] }] },
}

/** A tool whose calls the pivot cannot say. */
export const customToolRule: Rule = {
  what: 'tools[].custom',
  does: 'refused',
  how: 'a tool with an input of its own kind cannot be translated: give it parameters',
  example: { tools: [{ type: 'custom', custom: { name: 'c' } }] },
}

/** What a request loses on its way from OpenAI's Responses into the pivot. */
export const requestToChatRules: readonly Rule[] = [
  { what: 'previous_response_id', does: 'refused', how: stateless, example: { previous_response_id: 'resp_1' } },
  { what: 'conversation', does: 'refused', how: stateless, example: { conversation: 'conv_1' } },
  { what: 'background', does: 'refused', how: 'the answer cannot be asked for later: it comes with this request', example: { background: true }, refuses: isOn },
  { what: 'prompt', does: 'refused', how: 'a template that lies with OpenAI cannot be read', example: { prompt: { id: 'pmpt_1' } } },
  { what: 'context_management', does: 'refused', how: 'the provider does not compact conversations', example: { context_management: [{ type: 'compaction' }] }, refuses: (value) => !Array.isArray(value) || value.length > 0 },
  hostedToolRule,
  { what: 'tools[].custom', does: 'changed', how: 'becomes a function with one text, `input`, and its grammar a part of the description, to which nobody holds the model. The client gets a `custom_tool_call`, whose input is held until it is whole', example: { tools: [{ type: 'custom', name: 'c' }] } },
  hostedChoiceRule,
  unknownItemRule,
  itemReferenceRule,
  pictureIdRule,
  { what: 'store', does: 'dropped', how: 'nothing is kept, and the answer says so', example: { store: true } },
  { what: 'metadata', does: 'dropped', how: 'on the way to the provider; the answer repeats it', example: { metadata: { a: 'b' } } },
  { what: 'truncation', does: 'dropped', how: 'a conversation that is too long for the provider is its error', example: { truncation: 'auto' } },
  { what: 'include', does: 'changed', how: '`message.output_text.logprobs` asks for `logprobs`; `reasoning.encrypted_content` is always there where the provider gives it; the rest belongs to tools of OpenAI', example: { include: ['message.output_text.logprobs'] } },
  { what: 'max_tool_calls', does: 'dropped', how: 'it counts calls of tools that OpenAI runs', example: { max_tool_calls: 3 } },
  { what: 'stream_options', does: 'dropped', how: 'events are not padded', example: { stream_options: { include_obfuscation: true } } },
  { what: 'reasoning.summary', does: 'dropped', how: 'what the provider tells of its thoughts is told', example: { reasoning: { summary: 'auto' } } },
  { what: 'instructions', does: 'changed', how: 'becomes the first message, of the system', example: { instructions: 'Be brief' } },
  { what: 'input', does: 'changed', how: 'a text is a message of the user; a message of the assistant, its reasoning and its calls side by side become one', example: { input: 'Hi' } },
  { what: 'input[].reasoning', does: 'changed', how: 'becomes `reasoning_content` and `reasoning_details` of what follows it', example: asks({ type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }] }) },
  { what: 'input[].web_search_call', does: 'dropped', how: 'as every call of a tool that OpenAI ran: the text that came of it stays', example: asks({ type: 'web_search_call', id: 'ws_1', status: 'completed' }) },
  { what: 'input[].content[].output_text.annotations', does: 'dropped', how: 'on what was said before', example: asks({ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'a', annotations: [{ type: 'url_citation', url: 'https://a.example' }] }] }) },
  { what: 'tool_choice.allowed_tools', does: 'changed', how: 'the other tools are left out', example: { tools: [{ type: 'function', name: 'f' }, { type: 'function', name: 'g' }], tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'f' }] } } },
  { what: 'text.format', does: 'changed', how: 'becomes `response_format`, `text.verbosity` becomes `verbosity`', example: { text: { format: { type: 'json_object' } } } },
]

/** What a request loses on its way from the pivot to a provider that speaks OpenAI's Responses. */
export const requestFromChatRules: readonly Rule[] = [
  { what: 'n', does: 'refused', how: 'the Responses API gives one answer to a request: n must be 1', example: { n: 2 }, refuses: (n) => n !== 1 },
  { what: 'audio', does: 'refused', how: 'the Responses API answers in text, not in audio', example: { audio: { voice: 'alloy', format: 'wav' } } },
  { what: 'modalities', does: 'refused', how: 'the Responses API answers in text, not in audio', example: { modalities: ['text', 'audio'] }, refuses: (value) => !Array.isArray(value) || value.some((one) => one !== 'text') },
  { what: 'web_search_options', does: 'refused', how: 'searching the web is a tool of the Responses API, and not asked for by an option', example: { web_search_options: {} }, refuses: isRecord },
  customToolRule,
  audioRule,
  ...['stop', 'seed', 'logit_bias', 'presence_penalty', 'frequency_penalty', 'prediction', 'top_k'].map((what): Rule => ({ what, does: 'dropped', how: 'the Responses API has nothing like it', example: { [what]: what === 'stop' ? ['END'] : 1 } })),
  { what: 'thinking', does: 'dropped', how: '`reasoning_effort` says the same', example: { thinking: { type: 'enabled', budget_tokens: 2048 } } },
  { what: 'cache_control', does: 'dropped', how: 'everywhere: OpenAI caches by itself', example: { messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } }] }] } },
  { what: 'tools[].server', does: 'dropped', how: 'a tool of another provider; without another tool `tool_choice` goes with it', example: { tools: [{ type: 'server', server: { kind: 'web_search', native: {}, dialect: 'anthropic-messages' } }] } },
  { what: 'tools[].function', does: 'changed', how: 'is flat, and strict only if it said so. A name beyond 64 letters, digits, `_` and `-` is its legal beginning and a hash; the answer has the client’s', example: { tools: [{ type: 'function', function: { name: 'f' } }] } },
  { what: 'max_completion_tokens', does: 'changed', how: 'becomes `max_output_tokens`, at least 16', example: { max_completion_tokens: 9 } },
  { what: 'store', does: 'changed', how: 'false unless it is true: OpenAI would keep what says nothing', example: { store: null } },
  { what: 'reasoning_effort', does: 'changed', how: 'becomes `reasoning.effort`; what was thought is asked for in cipher, so that it can come back', example: { reasoning_effort: 'low' } },
  { what: 'response_format', does: 'changed', how: 'becomes `text.format`, `verbosity` becomes `text.verbosity`; with `strict` every object is closed and all its properties are required', example: { response_format: { type: 'json_object' } } },
  { what: 'logprobs', does: 'changed', how: 'becomes `message.output_text.logprobs` in `include`', example: { logprobs: true } },
  { what: 'stream_options', does: 'dropped', how: 'usage always comes; the client gets the chunk if it asked', example: { stream_options: { include_usage: true } } },
  { what: 'user', does: 'changed', how: 'beyond 64 characters its SHA-256', example: { user: 'u'.repeat(65) } },
  { what: 'messages[0].role system', does: 'changed', how: 'becomes `instructions`', example: { messages: [{ role: 'system', content: 'Be brief' }, { role: 'user', content: 'Hi' }] } },
  { what: 'messages[].tool_calls', does: 'changed', how: 'become items behind the text; results become `function_call_output`', example: chat({ role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'b', arguments: '{}' } }] }) },
  { what: 'messages[].tool_calls[].id', does: 'changed', how: 'beyond 64 characters its SHA-256, in call and result', example: chat({ role: 'tool', tool_call_id: 'c'.repeat(65), content: 'd' }) },
  { what: 'messages[].reasoning_content', does: 'dropped', how: 'without OpenAI’s cipher in `reasoning_details`', example: chat({ role: 'assistant', content: 'a', reasoning_content: 'b' }) },
  { what: 'messages[].is_error', does: 'dropped', how: 'the text of the result tells the model what went wrong', example: { messages: [{ role: 'tool', tool_call_id: 'c', content: 'no', is_error: true }] } },
  { what: 'messages[].content[].file.text', does: 'changed', how: 'a document in plain text becomes text under its title; `context` and `citations` are dropped', example: { messages: [{ role: 'user', content: [{ type: 'file', file: { text: 'once' } }] }] } },
]

const said = (text: string, annotations: readonly object[] = []): object => ({ type: 'message', role: 'assistant', content: [{ type: 'output_text', text, annotations }] })

/** What an answer loses on its way from or to OpenAI's Responses. */
export const answerRules: readonly AnswerRule[] = [
  { what: 'output[].type', does: 'dropped', how: 'what is neither message, reasoning nor function_call: calls of tools that OpenAI ran', of: 'provider', example: { output: [{ type: 'web_search_call', id: 'ws_1', status: 'completed' }, said('Hi')] } },
  { what: 'output[].message', does: 'changed', how: 'several are joined with an empty line between them', of: 'provider', example: { output: [said('Hi'), said('Ho')] } },
  { what: 'output[].reasoning', does: 'changed', how: 'becomes `reasoning_content`, and `reasoning_details` with its cipher; from others, a signature or cipher becomes `encrypted_content` under the name of its vendor, and is theirs again when the client sends it back', of: 'client', example: choicesOf({ message: { reasoning_content: 'hm', reasoning_details: [{ type: 'reasoning.text', text: 'hm', signature: 's', format: 'anthropic-claude-v1', index: 0 }] } }) },
  { what: 'output[].reasoning without text or cipher', does: 'dropped', how: 'its id is worth nothing where nothing is stored', of: 'provider', example: { output: [{ type: 'reasoning', id: 'rs_1', summary: [] }, said('Hi')] } },
  { what: 'output[].content[].annotations', does: 'changed', how: 'pages become `annotations`; files are kept for dialects that know them', of: 'provider', example: { output: [said('Hi', [{ type: 'url_citation', url: 'https://a.example', title: 'A', start_index: 0, end_index: 2 }])] } },
  { what: 'status', does: 'changed', how: '`max_output_tokens` is length, `content_filter` is content_filter, and back', of: 'provider', example: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } } },
  { what: 'choices[1]', does: 'dropped', how: 'an answer of the Responses API is one', of: 'client', example: choicesOf({}, { message: { content: 'Ho' } }) },
  { what: 'choices[].stop_sequence', does: 'dropped', how: 'OpenAI does not tell which stop sequence was met', of: 'client', example: choicesOf({ stop_sequence: 'END' }) },
]
