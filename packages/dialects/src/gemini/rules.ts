import { callWith, choicesOf } from '../translate/example-answer.ts'
import type { AnswerRule, Rule } from '../translate/rule.ts'

const asks = (parts: unknown, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({ contents: [{ role: 'user', parts }], ...more })
const configured = (generationConfig: unknown): Readonly<Record<string, unknown>> => ({ generationConfig })
const says = (content: unknown): Readonly<Record<string, unknown>> => ({ messages: [{ role: 'user', content }] })
const hi = { role: 'user', parts: [{ text: 'Hi' }] }
const call = { role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'b', arguments: '{}' } }] }

/** A tool that is none of the client's own, and none of Google's that are known here. */
export const unknownToolRule: Rule = {
  what: 'tools[].googleMaps',
  does: 'refused',
  how: 'a tool of this kind is not known here, and the answer would not be what was asked for',
  example: { tools: [{ googleMaps: {} }] },
}

export const unknownPartRule: Rule = {
  what: 'contents[].parts[].videoMetadata',
  does: 'refused',
  how: 'a part of this kind is not known here',
  example: asks([{ videoMetadata: { fps: 1 } }]),
}

export const videoRule: Rule = {
  what: 'contents[].parts[].inlineData of video',
  does: 'refused',
  how: 'Gemini alone sees videos, and hears sounds by their address',
  example: asks([{ inlineData: { mimeType: 'video/mp4', data: 'AAAA' } }]),
}

export const googlesFileRule: Rule = {
  what: 'contents[].parts[].fileData of Google’s',
  does: 'refused',
  how: 'a file that lies with Google, in its File API or in a bucket (gs://), cannot be read by others',
  example: asks([{ fileData: { mimeType: 'application/pdf', fileUri: 'gs://b/a.pdf' } }]),
}

export const modalitiesRule: Rule = {
  what: 'generationConfig.responseModalities',
  does: 'refused',
  how: 'the answer would be a text',
  example: configured({ responseModalities: ['TEXT', 'IMAGE'] }),
}

export const enumFormatRule: Rule = {
  what: 'generationConfig.responseMimeType of an enum',
  does: 'refused',
  how: 'an answer is text or JSON: text/x.enum is Gemini’s alone',
  example: configured({ responseMimeType: 'text/x.enum', responseSchema: { type: 'STRING', enum: ['a'] } }),
}

/** A tool whose input is a text of a grammar. */
export const customToolRule: Rule = {
  what: 'tools[].custom',
  does: 'refused',
  how: 'Gemini knows functions with a schema alone',
  example: { tools: [{ type: 'custom', custom: { name: 'c' } }] },
}

/** What a request loses on its way from Gemini's dialect into the pivot. */
export const requestToChatRules: readonly Rule[] = [
  { what: 'cachedContent', does: 'refused', how: 'what lies in Google’s cache cannot be read by others', example: { cachedContent: 'cachedContents/a' } },
  ...['safetySettings', 'labels', 'model_armor_config'].map((what): Rule => ({ what, does: 'dropped', how: 'nobody else has anything like it', example: { [what]: {} } })),
  ...['mediaResolution', 'speechConfig', 'avgLogprobs'].map((what): Rule => ({ what: `generationConfig.${what}`, does: 'dropped', how: 'nobody else has anything like it', example: configured({ [what]: 1 }) })),
  unknownToolRule,
  unknownPartRule,
  videoRule,
  googlesFileRule,
  modalitiesRule,
  enumFormatRule,
  { what: 'generationConfig.responseSchema', does: 'changed', how: 'becomes a strict `response_format` called `structured_output`, as a JSON Schema: types in lower case, `nullable` a type', example: configured({ responseMimeType: 'application/json', responseSchema: { type: 'STRING' } }) },
  { what: 'generationConfig.responseLogprobs', does: 'changed', how: 'becomes `logprobs`, `logprobs` becomes `top_logprobs`', example: configured({ responseLogprobs: true, logprobs: 2 }) },
  { what: 'generationConfig.thinkingConfig', does: 'changed', how: 'a level is `reasoning_effort`; a budget is high from 4096 tokens, medium from 2048, low from 1024, else minimal. `includeThoughts` is dropped', example: configured({ thinkingConfig: { thinkingBudget: 2048 } }) },
  { what: 'toolConfig.functionCallingConfig', does: 'changed', how: '`ANY` is required, or the one function that is allowed; of several that are, the others are not offered. `VALIDATED` is auto', example: { tools: [{ functionDeclarations: [{ name: 'f' }] }], toolConfig: { functionCallingConfig: { mode: 'VALIDATED' } } } },
  { what: 'contents[].parts[].functionResponse', does: 'changed', how: 'becomes a message of its own, before what else the user says. `{ result: text }` and `{ output: text }` are the text, `{ error: text }` is one with `is_error`', example: { contents: [{ role: 'model', parts: [{ functionCall: { id: 'a', name: 'f' } }] }, { role: 'user', parts: [{ text: 'and?' }, { functionResponse: { id: 'a', name: 'f', response: { result: 'c' } } }] }] } },
  { what: 'contents[].parts[].functionCall.id', does: 'changed', how: 'made up where it is missing, out of its place: the same in every request', example: { contents: [hi, { role: 'model', parts: [{ functionCall: { name: 'f', args: {} } }] }] } },
  { what: 'contents[].parts[].executableCode', does: 'dropped', how: 'with its output: the text that came of it stays', example: { contents: [hi, { role: 'model', parts: [{ executableCode: { language: 'PYTHON', code: '1' } }, { text: 'Hi' }] }] } },
]

/** What a request loses on its way from the pivot to a provider that speaks Gemini's dialect. */
export const requestFromChatRules: readonly Rule[] = [
  { what: 'audio', does: 'refused', how: 'an answer in audio is asked for in another way', example: { audio: { voice: 'alloy', format: 'wav' } } },
  { what: 'modalities', does: 'refused', how: 'an answer in audio is asked for in another way', example: { modalities: ['text', 'audio'] }, refuses: (value) => !Array.isArray(value) || value.some((one) => one !== 'text') },
  customToolRule,
  { what: 'messages[].content[].file.file_id', does: 'refused', how: 'a file that lies with another provider cannot be read', example: says([{ type: 'file', file: { file_id: 'file-1' } }]) },
  ...['logit_bias', 'store', 'metadata', 'prediction', 'verbosity', 'prompt_cache_key', 'prompt_cache_retention', 'user', 'safety_identifier', 'parallel_tool_calls'].map(
    (what): Rule => ({ what, does: 'dropped', how: 'Gemini has nothing like it', example: { [what]: 1 } }),
  ),
  { what: 'messages[].cache_control', does: 'dropped', how: 'everywhere: Gemini caches by itself', example: says([{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } }]) },
  { what: 'model', does: 'changed', how: 'stands in the path, as `stream` does', example: { model: 'gemini-2.5-flash' } },
  { what: 'messages[].role system', does: 'changed', how: 'wherever it stands, it moves to `systemInstruction`, in order', example: { messages: [{ role: 'user', content: 'Hi' }, { role: 'system', content: 'Be brief' }] } },
  { what: 'messages[].role tool', does: 'changed', how: 'all results of one turn stand in one content of the user, by themselves and with the name of their call; what is no JSON object is put into one, as `result` or `error`', example: { messages: [call, { role: 'tool', tool_call_id: 'a', content: 'c' }] } },
  { what: 'messages[].role tool with a picture', does: 'changed', how: 'the picture follows behind the results in a content of the user', example: { messages: [call, { role: 'tool', tool_call_id: 'a', content: [{ type: 'image_url', image_url: { url: 'https://a.example/b.png' } }] }] } },
  { what: 'messages[].tool_calls[].arguments', does: 'changed', how: 'what is no JSON object becomes `{}`', example: { messages: [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'b', arguments: '{"c' } }] }] } },
  { what: 'messages[].tool_calls[].extra_content', does: 'changed', how: '`google.thought_signature` stands beside the call; where it was lost, Gemini 3 is told not to look for it', example: { messages: [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'b', arguments: '{}' }, extra_content: { google: { thought_signature: 'c' } } }] }] } },
  { what: 'messages[].reasoning_content', does: 'dropped', how: 'unless it is Google’s by its `reasoning_details`', example: { messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'a', reasoning_content: 'b' }] } },
  { what: 'messages[].content[].file', does: 'changed', how: 'becomes `inlineData`, or `fileData` where it is an address, without its name; plain text becomes text under its title', example: says([{ type: 'file', file: { file_data: 'data:application/pdf;base64,JVBERi0=', filename: 'a.pdf' } }]) },
  { what: 'image_url.detail', does: 'dropped', how: 'Gemini decides by itself', example: says([{ type: 'image_url', image_url: { url: 'https://a.example/b.png', detail: 'low' } }]) },
  { what: 'tools[].function.parameters', does: 'changed', how: 'stay as they are: as `parameters` where Gemini’s own schema says all of it, else as `parametersJsonSchema`. Without properties they are left out', example: { tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }] } },
  { what: 'tools[].function.strict', does: 'changed', how: 'is left out: Gemini has nothing like it', example: { tools: [{ type: 'function', function: { name: 'f', strict: true } }] } },
  { what: 'tools[].function.name', does: 'changed', how: 'beyond 64 letters, digits, `_` and `-`: its legal beginning and a hash. The answer has the client’s name', example: { tools: [{ type: 'function', function: { name: 'a.b' } }] } },
  { what: 'tools[].server', does: 'changed', how: 'searching, fetching pages and running code become Google’s own tools; beside functions, which Gemini refuses with them, they are dropped, and so is every other', example: { tools: [{ type: 'server', server: { kind: 'web_search', native: {}, dialect: 'anthropic-messages' } }] } },
  { what: 'web_search_options', does: 'changed', how: 'becomes `googleSearch`', example: { web_search_options: { search_context_size: 'low' } } },
  { what: 'logprobs', does: 'changed', how: 'becomes `responseLogprobs`, `top_logprobs` becomes `logprobs`', example: { logprobs: true, top_logprobs: 2 } },
  { what: 'stop', does: 'changed', how: 'becomes `stopSequences`, the first five: Gemini refuses more', example: { stop: ['END'] } },
  { what: 'response_format', does: 'changed', how: 'becomes `responseMimeType`, with the schema as it is: as `responseSchema` where Gemini’s own says all of it, else as `responseJsonSchema`. Before Gemini 3 it is a sentence in `systemInstruction` where there are functions, for both are refused together', example: { response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object' } } } } },
  { what: 'reasoning_effort', does: 'changed', how: 'becomes `thinkingBudget`, 1024 to 16384 tokens, with Gemini 3 `thinkingLevel`; before 2.5 nothing', example: { reasoning_effort: 'low' } },
  { what: 'service_tier', does: 'changed', how: '`default` is standard; `auto` and `scale` are dropped', example: { service_tier: 'default' } },
]

const candidate = { index: 0, content: { role: 'model', parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }
const said = (...parts: readonly object[]): AnswerRule['example'] => ({ candidates: [{ ...candidate, content: { role: 'model', parts } }] })

/** What an answer loses on its way from or to Gemini's dialect. */
export const answerRules: readonly AnswerRule[] = [
  { what: 'candidates[].content.parts[].functionCall.id', does: 'changed', how: 'made up where it is missing, out of the answer’s id and the number of the call', of: 'provider', example: said({ functionCall: { name: 'b', args: {} } }) },
  { what: 'candidates[].content.parts[].thought', does: 'changed', how: 'becomes `reasoning_content`; signatures stand in `reasoning_details`, and with calls in `extra_content`', of: 'provider', example: said({ text: 'hm', thought: true }, { text: 'Hi' }) },
  { what: 'candidates[].content.parts[].inlineData', does: 'changed', how: 'pictures become `images`, which clients of OpenAI’s chat and Gemini’s get; others have no place for them', of: 'provider', example: said({ inlineData: { mimeType: 'image/png', data: 'AAAA' } }) },
  { what: 'candidates[].content.parts[].executableCode', does: 'dropped', how: 'with its output: the text that came of it stays', of: 'provider', example: said({ executableCode: { language: 'PYTHON', code: '1' } }, { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } }, { text: 'Hi' }) },
  { what: 'candidates[].groundingMetadata', does: 'changed', how: 'pages become `annotations`; in answers to Gemini’s clients they are dropped', of: 'provider', example: { candidates: [{ ...candidate, groundingMetadata: { groundingChunks: [{ web: { uri: 'https://a.example', title: 'A' } }], groundingSupports: [{ segment: { startIndex: 0, endIndex: 2 }, groundingChunkIndices: [0] }] } }] } },
  { what: 'candidates[].logprobsResult', does: 'changed', how: 'becomes `logprobs`, and back: likelihoods of tokens', of: 'provider', example: { candidates: [{ ...candidate, logprobsResult: { chosenCandidates: [{ token: 'Hi', logProbability: -0.5 }] } }] } },
  { what: 'candidates[].safetyRatings', does: 'dropped', how: 'with `citationMetadata` and `avgLogprobs`: nobody else has anything like it', of: 'provider', example: { candidates: [{ ...candidate, safetyRatings: [{ category: 'HARM_CATEGORY_HARASSMENT', probability: 'NEGLIGIBLE' }], avgLogprobs: -0.5 }] } },
  { what: 'promptFeedback.blockReason', does: 'changed', how: 'becomes one empty choice that ends with content_filter', of: 'provider', example: { candidates: [], promptFeedback: { blockReason: 'SAFETY' } } },
  { what: 'finishReason', does: 'changed', how: 'with calls it is tool_calls; SAFETY, RECITATION, BLOCKLIST, PROHIBITED_CONTENT, SPII and those of pictures are content_filter, MAX_TOKENS is length, the others stop', of: 'provider', example: { candidates: [{ ...candidate, finishReason: 'PROHIBITED_CONTENT' }] } },
  { what: 'choices[].message.refusal', does: 'changed', how: 'becomes text that ends with SAFETY', of: 'client', example: choicesOf({ message: { content: null, refusal: 'No' } }) },
  { what: 'choices[].message.tool_calls[].arguments', does: 'changed', how: 'come whole; what is no JSON object becomes `{}`; cut off by the limit of tokens, the call is dropped', of: 'client', example: choicesOf({ message: callWith('{"c'), finish_reason: 'tool_calls' }) },
  { what: 'choices[].stop_sequence', does: 'dropped', how: 'Gemini does not tell which stop sequence was met', of: 'client', example: choicesOf({ stop_sequence: 'END' }) },
  { what: 'usage.cache_write_tokens', does: 'dropped', how: 'Gemini does not tell what was written to its cache', of: 'client', example: { usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13, prompt_tokens_details: { cache_write_tokens: 3 } } } },
]
