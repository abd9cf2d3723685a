import { isRecord } from '../is-record.ts'
import { callWith, choicesOf } from '../translate/example-answer.ts'
import type { AnswerRule, Rule } from '../translate/rule.ts'

const asks = (content: unknown, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({ messages: [{ role: 'user', content }], ...more })
const hi = { role: 'user', content: [{ text: 'Hi' }] }
const answers = (content: unknown): Readonly<Record<string, unknown>> => ({ messages: [hi, { role: 'assistant', content }] })
const fields = (additionalModelRequestFields: unknown): Readonly<Record<string, unknown>> => ({ additionalModelRequestFields })
const says = (content: unknown): Readonly<Record<string, unknown>> => ({ messages: [{ role: 'user', content }] })
const call = { role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'b', arguments: '{}' } }] }
const called = (message: unknown): Readonly<Record<string, unknown>> => ({ messages: [{ role: 'user', content: 'Hi' }, message] })

export const unknownToolRule: Rule = {
  what: 'toolConfig.tools[].systemTool',
  does: 'refused',
  how: 'a tool of this kind is not known here, and the answer would not be what was asked for',
  example: { toolConfig: { tools: [{ systemTool: { name: 'quantum' } }] } },
}

export const unknownBlockRule: Rule = {
  what: 'messages[].content[].toolAddition',
  does: 'refused',
  how: 'a block of this kind is not known here',
  example: asks([{ toolAddition: { tools: [] } }]),
}

export const videoRule: Rule = {
  what: 'messages[].content[].video',
  does: 'refused',
  how: 'no other provider is shown videos in this way',
  example: asks([{ video: { format: 'mp4', source: { bytes: 'AAAA' } } }]),
}

export const bucketRule: Rule = {
  what: 'messages[].content[].source.s3Location',
  does: 'refused',
  how: 'a file that lies in a bucket of Amazon’s (s3://) cannot be read by others',
  example: asks([{ image: { format: 'png', source: { s3Location: { uri: 's3://b/a.png' } } } }]),
}

/** A tool whose input is a text of a grammar. */
export const customToolRule: Rule = {
  what: 'tools[].custom',
  does: 'refused',
  how: 'Bedrock knows tools with a JSON Schema alone',
  example: { tools: [{ type: 'custom', custom: { name: 'c' } }] },
}

export const pictureAddressRule: Rule = {
  what: 'messages[].content[].image_url of an address',
  does: 'refused',
  how: 'Bedrock does not fetch pictures: send it as a data: URL in base64',
  example: says([{ type: 'image_url', image_url: { url: 'https://a.example/b.png' } }]),
}

export const pictureFormatRule: Rule = {
  what: 'messages[].content[].image_url of another format',
  does: 'refused',
  how: 'Bedrock sees PNG, JPEG, GIF and WebP alone',
  example: says([{ type: 'image_url', image_url: { url: 'data:image/tiff;base64,AAAA' } }]),
}

export const soundFormatRule: Rule = {
  what: 'messages[].content[].input_audio of another format',
  does: 'refused',
  how: 'Bedrock hears AAC, FLAC, M4A, MP3, MP4, OGG, Opus, PCM, WAV and WebM alone',
  example: says([{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'midi' } }]),
}

export const soundResultRule: Rule = {
  what: 'messages[].role tool with input_audio',
  does: 'refused',
  how: 'on Bedrock tools answer in text, pictures and documents, not in audio',
  example: { messages: [call, { role: 'tool', tool_call_id: 'a', content: [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }] }] },
}

export const documentAddressRule: Rule = {
  what: 'messages[].content[].file.file_url',
  does: 'refused',
  how: 'Bedrock does not fetch documents: send it as data',
  example: says([{ type: 'file', file: { file_url: 'https://a.example/b.pdf' } }]),
}

/** What a request loses on its way from Converse into the pivot. */
export const requestToChatRules: readonly Rule[] = [
  { what: 'guardrailConfig', does: 'refused', how: 'a guardrail of Amazon’s watches over no other provider', example: { guardrailConfig: { guardrailIdentifier: 'a', guardrailVersion: '1' } } },
  { what: 'promptVariables', does: 'refused', how: 'a prompt that lies with Amazon cannot be read by others', example: { promptVariables: { a: { text: 'b' } } }, refuses: (value) => isRecord(value) && Object.keys(value).length > 0 },
  ...['requestMetadata', 'performanceConfig', 'additionalModelResponseFieldPaths'].map((what): Rule => ({ what, does: 'dropped', how: 'nobody else has anything like it', example: { [what]: { latency: 'optimized' } } })),
  { what: 'additionalModelRequestFields', does: 'dropped', how: 'but for what follows: they are one model’s own', example: fields({ anthropic_beta: ['b'] }) },
  { what: 'additionalModelRequestFields.thinking', does: 'changed', how: 'and `reasoning_config`: a budget is also told as `reasoning_effort`, high from 4096 tokens, medium from 2048, low from 1024, else minimal', example: fields({ thinking: { type: 'enabled', budget_tokens: 2048 } }) },
  { what: 'additionalModelRequestFields.reasoningConfig', does: 'changed', how: 'becomes `reasoning_effort`, as `output_config.effort` and `outputConfig.effort` do', example: fields({ reasoningConfig: { type: 'enabled', maxReasoningEffort: 'low' } }) },
  { what: 'additionalModelRequestFields.top_k', does: 'changed', how: 'and `k`, `topK`, `inferenceConfig.topK`: becomes `top_k`', example: fields({ inferenceConfig: { topK: 5 } }) },
  { what: 'outputConfig.textFormat', does: 'changed', how: 'becomes a strict `response_format`', example: { outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema: { schema: '{"type":"object"}', name: 'a' } } } } } },
  { what: 'serviceTier', does: 'changed', how: '`reserved` is dropped', example: { serviceTier: { type: 'flex' } } },
  unknownToolRule,
  unknownBlockRule,
  videoRule,
  bucketRule,
  { what: 'messages[].content[].cachePoint', does: 'changed', how: 'becomes the `cache_control` of what stands before it, with calls, results and tools too', example: asks([{ text: 'Hi' }, { cachePoint: { type: 'default' } }]) },
  { what: 'messages[].content[].guardContent', does: 'changed', how: 'what it holds is said like all else', example: asks([{ guardContent: { text: { text: 'Hi' } } }]) },
  { what: 'messages[].content[].searchResult', does: 'changed', how: 'becomes text under its title and source', example: asks([{ searchResult: { title: 'a', source: 'b', content: [{ text: 'c' }] } }]) },
  { what: 'messages[].content[].document', does: 'changed', how: 'one of text becomes text; its name gets the ending of its format', example: asks([{ document: { format: 'txt', name: 'a', source: { bytes: 'SGk=' } } }]) },
  { what: 'messages[].content[].toolResult', does: 'changed', how: 'becomes a message of its own, before what else the user says; `json` becomes text', example: { messages: [{ role: 'assistant', content: [{ toolUse: { toolUseId: 'a', name: 'b', input: {} } }] }, { role: 'user', content: [{ text: 'and?' }, { toolResult: { toolUseId: 'a', content: [{ json: { c: 1 } }] } }] }] } },
  { what: 'messages[].content[].toolUse of Amazon’s', does: 'dropped', how: 'with its result: the text that came of it stays', example: answers([{ toolUse: { toolUseId: 'a', name: 'nova_grounding', input: {}, type: 'server_tool_use' } }, { text: 'Hi' }]) },
  { what: 'messages[].content[].citationsContent', does: 'changed', how: 'becomes its text', example: answers([{ citationsContent: { content: [{ text: 'Hi' }], citations: [] } }]) },
]

/** What a request loses on its way from the pivot to Bedrock. */
export const requestFromChatRules: readonly Rule[] = [
  { what: 'n', does: 'refused', how: 'Bedrock gives one answer to a request: n must be 1', example: { n: 2 }, refuses: (n) => n !== 1 },
  { what: 'audio', does: 'refused', how: 'Bedrock answers in text, not in audio', example: { audio: { voice: 'alloy', format: 'wav' } } },
  { what: 'modalities', does: 'refused', how: 'Bedrock answers in text, not in audio', example: { modalities: ['text', 'audio'] }, refuses: (value) => !Array.isArray(value) || value.some((one) => one !== 'text') },
  { what: 'web_search_options', does: 'refused', how: 'Bedrock does not search the web for an option', example: { web_search_options: {} }, refuses: isRecord },
  customToolRule,
  pictureAddressRule,
  pictureFormatRule,
  soundFormatRule,
  soundResultRule,
  documentAddressRule,
  { what: 'messages[].content[].file.file_id', does: 'refused', how: 'a file that lies with another provider cannot be read', example: says([{ type: 'file', file: { file_id: 'f' } }]) },
  ...['seed', 'logprobs', 'top_logprobs', 'logit_bias', 'presence_penalty', 'frequency_penalty', 'store', 'metadata', 'prediction', 'verbosity', 'prompt_cache_key', 'prompt_cache_retention', 'user', 'safety_identifier', 'parallel_tool_calls'].map(
    (what): Rule => ({ what, does: 'dropped', how: 'Bedrock has nothing like it', example: { [what]: 1 } }),
  ),
  { what: 'model', does: 'changed', how: 'stands in the path, as `stream` does', example: { model: 'amazon.nova-lite-v1:0' } },
  { what: 'temperature', does: 'changed', how: 'at most 1; left out where Claude thinks, and with models that refuse it, as `top_p` and `top_k` are', example: { temperature: 2 } },
  { what: 'top_k', does: 'changed', how: 'stands in `additionalModelRequestFields`, by the name that the model has for it; dropped with models that have none', example: { model: 'amazon.nova-lite-v1:0', top_k: 5 } },
  { what: 'stop', does: 'changed', how: 'what is nothing but white space is left out', example: { stop: ['END', ' '] } },
  { what: 'messages[].role system', does: 'changed', how: 'wherever it stands, it moves to `system`, in order', example: { messages: [{ role: 'user', content: 'Hi' }, { role: 'system', content: 'Be brief' }] } },
  { what: 'messages[].role tool', does: 'changed', how: 'all results of one turn stand in one message of the user, before its text; a JSON object is told as `json`', example: { messages: [call, { role: 'tool', tool_call_id: 'a', content: '{"c":1}' }] } },
  { what: 'messages[] that begin with the assistant', does: 'changed', how: 'get a message of the user’s before them, which Bedrock wants', example: { messages: [{ role: 'assistant', content: 'Hello' }, { role: 'user', content: 'Hi' }] } },
  { what: 'messages[].content of white space', does: 'changed', how: 'is left out: Bedrock refuses it', example: { messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: ' ' }, { role: 'user', content: 'Ho' }] } },
  { what: 'messages[].tool_calls[].id', does: 'changed', how: 'beyond 64 letters, digits, `_` and `-`: its beginning and a hash; nine letters and digits with Mistral’s models. The result of the call has the same', example: called({ ...call, tool_calls: [{ id: 'a.b', type: 'function', function: { name: 'b', arguments: '{}' } }] }) },
  { what: 'messages[].tool_calls[].arguments', does: 'changed', how: 'what is no JSON object becomes `{}`', example: called({ ...call, tool_calls: [{ id: 'a', type: 'function', function: { name: 'b', arguments: '{"c' } }] }) },
  { what: 'messages[].tool_calls without tools', does: 'changed', how: 'the tools that were called are declared, and `system` says that none is to be called', example: called(call) },
  { what: 'tool_choice none', does: 'changed', how: 'the tools are left out; where there are calls in the history, which Bedrock refuses without, `system` says that none is to be called', example: { tools: [{ type: 'function', function: { name: 'f' } }], tool_choice: 'none' } },
  { what: 'messages[].reasoning_content', does: 'dropped', how: 'without a signature of Anthropic’s in `reasoning_details`, or where the model is none of Anthropic’s', example: { messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'a', reasoning_content: 'b' }] } },
  { what: 'messages[].content[].file', does: 'changed', how: 'becomes a `document` under its name, in the letters that Bedrock takes, numbered where two are alike; one that nothing is said about gets a text', example: says([{ type: 'file', file: { file_data: 'data:application/pdf;base64,JVBERi0=', filename: 'a_b.pdf' } }]) },
  { what: 'image_url.detail', does: 'dropped', how: 'Bedrock sees all of a picture', example: says([{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } }]) },
  { what: 'cache_control', does: 'changed', how: 'becomes a `cachePoint` behind what it marks, with models of Anthropic’s and, but for tools, of Amazon’s; in the result of a tool behind the whole of it', example: says([{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } }]) },
  { what: 'tools[].function.name', does: 'changed', how: 'beyond 64 letters, digits, `_` and `-`: its legal beginning and a hash. The answer has the client’s name', example: { tools: [{ type: 'function', function: { name: 'a.b' } }] } },
  { what: 'tools[].function.strict', does: 'changed', how: 'is left out with models that take no schema for their answer', example: { tools: [{ type: 'function', function: { name: 'f', strict: false } }] } },
  { what: 'tools[].server', does: 'dropped', how: 'a tool that another provider runs', example: { tools: [{ type: 'server', server: { kind: 'web_search', native: {}, dialect: 'anthropic-messages' } }] } },
  { what: 'response_format.json_object', does: 'changed', how: 'becomes a sentence in `system`', example: { response_format: { type: 'json_object' } } },
  { what: 'response_format.json_schema', does: 'changed', how: 'becomes `outputConfig.textFormat`; with models that take none a sentence in `system`', example: { response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object' } } } } },
  { what: 'reasoning_effort', does: 'changed', how: 'becomes thinking as with Anthropic’s own API where the model may be Claude, Nova’s `reasoningConfig`, `reasoning_effort` with OpenAI’s models; nothing with others', example: { reasoning_effort: 'low', max_completion_tokens: 4096 } },
  { what: 'service_tier', does: 'changed', how: '`auto` and `scale` are dropped', example: { service_tier: 'flex' } },
]

const answered = (...content: readonly object[]): AnswerRule['example'] => ({ output: { message: { role: 'assistant', content } } })

/** What an answer loses on its way from or to Converse. */
export const answerRules: readonly AnswerRule[] = [
  { what: 'id', does: 'changed', how: 'made up, for answers of Bedrock have none; the model is the one that was asked', of: 'client', example: { id: 'chatcmpl-1', model: 'the-one' } },
  { what: 'output.message.content[].reasoningContent', does: 'changed', how: 'becomes `reasoning_content`; signatures and what is encrypted stand in `reasoning_details`', of: 'provider', example: answered({ reasoningContent: { reasoningText: { text: 'hm', signature: 's' } } }, { text: 'Hi' }) },
  { what: 'output.message.content[].citationsContent', does: 'changed', how: 'becomes text; pages become `annotations`. In answers to Bedrock’s clients annotations are dropped', of: 'provider', example: answered({ citationsContent: { content: [{ text: 'Hi' }], citations: [{ title: 'A', location: { web: { url: 'https://a.example' } } }] } }) },
  { what: 'output.message.content[].toolUse of Amazon’s', does: 'dropped', how: 'with its result: a client would try to run it', of: 'provider', example: answered({ toolUse: { toolUseId: 's', name: 'nova_grounding', input: {}, type: 'server_tool_use' } }, { text: 'Hi' }) },
  { what: 'stopReason', does: 'changed', how: '`guardrail_intervened` and `content_filtered` are content_filter, with what was said; `model_context_window_exceeded` is length; `stop_sequence` and those of malformed output are stop', of: 'provider', example: { stopReason: 'guardrail_intervened' } },
  { what: 'trace', does: 'dropped', how: 'with `performanceConfig`: nobody else has anything like it', of: 'provider', example: { trace: { promptRouter: {} }, performanceConfig: { latency: 'optimized' } } },
  { what: 'metrics.latencyMs', does: 'changed', how: 'what the gateway has waited, in whole seconds', of: 'provider', example: { metrics: { latencyMs: 7 } } },
  { what: 'choices[1]', does: 'dropped', how: 'Bedrock’s clients read one answer', of: 'client', example: choicesOf({}, { message: { content: 'Ho' } }) },
  { what: 'choices[].message.refusal', does: 'changed', how: 'becomes text that ends with content_filtered', of: 'client', example: choicesOf({ message: { content: null, refusal: 'No' } }) },
  { what: 'choices[].message.tool_calls[].arguments', does: 'changed', how: 'what is no JSON object becomes `{}`; cut off by the limit of tokens, the call is dropped. A stream passes on the pieces', of: 'client', example: choicesOf({ message: callWith('{"c'), finish_reason: 'tool_calls' }) },
  { what: 'choices[].logprobs', does: 'dropped', how: 'Bedrock has nothing like it', of: 'client', example: choicesOf({ logprobs: { content: [] } }) },
  { what: 'usage', does: 'changed', how: 'zeros where the provider counts nothing, for clients expect it; what was thought is part of the answer', of: 'client', example: { usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13, completion_tokens_details: { reasoning_tokens: 3 } } } },
]
