import type { ChatRequest, ResponseFormat, SystemMessage, TextPart } from '../pivot/chat-request.ts'
import type { Json } from '../translate/json.ts'
import { refuseMembers } from '../translate/rule.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { cachePointFor } from './cache-points.ts'
import { messagesFromChat } from './messages-from-chat.ts'
import { traitsOf, type ModelTraits } from './models.ts'
import { requestFromChatRules } from './rules.ts'
import { tierFor } from './service-tier.ts'
import { thinkingFor, type Thinking } from './thinking.ts'
import { toolsFromChat } from './tools-from-chat.ts'

const inJson = 'Answer with one JSON object and nothing else.'
const noCalls = 'Call no tools now.'

/** Writes a Converse request; model and stream are in its path. Nothing but what Bedrock knows: it refuses the rest. */
export function requestFromChat(chat: ChatRequest, context: TranslationContext): Json {
  refuseMembers(requestFromChatRules, chat)
  const traits = traitsOf(chat.model)
  const messages = messagesFromChat(chat.messages, context, traits)
  const tools = toolsFromChat(chat, context, traits)
  const thinking = thinkingFor(chat, lacksThinking(messages), traits)
  const system = [...systemFor(chat, traits), ...sentencesFor(chat, traits, tools.mustNotCall).map((text) => ({ text }))]
  return {
    ...(system.length > 0 && { system }),
    messages,
    ...filled('inferenceConfig', inferenceFor(chat, thinking, traits)),
    ...(tools.config && { toolConfig: tools.config }),
    ...filled('additionalModelRequestFields', fieldsFor(chat, thinking, traits)),
    ...filled('outputConfig', outputFor(chat, thinking, traits)),
    ...tierFor(chat.service_tier),
  }
}

function filled(name: string, value: Json): Json {
  return Object.keys(value).length > 0 ? { [name]: value } : {}
}

function systemFor({ messages }: ChatRequest, traits: ModelTraits): Json[] {
  const own = messages.filter((message): message is SystemMessage => message.role === 'system' || message.role === 'developer')
  return own
    .flatMap(({ content }): TextPart[] => (typeof content === 'string' ? [{ type: 'text', text: content }] : content))
    .filter(({ text }) => text.trim() !== '')
    .flatMap(({ text, cache_control }) => [{ text }, ...cachePointFor(cache_control, traits)])
}

/** What Bedrock, or the model, has to be told in words. */
function sentencesFor({ response_format: format }: ChatRequest, { takesSchemas }: ModelTraits, mustNotCall: boolean): string[] {
  const sentences: string[] = []
  if (format?.type === 'json_object') sentences.push(inJson)
  if (format?.type === 'json_schema' && !takesSchemas) {
    sentences.push(`Where you call no tool: ${inJson} It has to fit this JSON Schema: ${JSON.stringify(format.json_schema.schema ?? {})}`)
  }
  if (mustNotCall) sentences.push(noCalls)
  return sentences
}

function inferenceFor({ max_completion_tokens: maxTokens, temperature, top_p: topP, stop = [] }: ChatRequest, { isOn }: Thinking, traits: ModelTraits): Json {
  const config: Json = {}
  if (maxTokens !== undefined) config['maxTokens'] = maxTokens
  if (!isOn && !traits.claude.fixedSampling) {
    if (temperature !== undefined) config['temperature'] = Math.min(1, Math.max(0, temperature))
    if (topP !== undefined) config['topP'] = topP
  }
  const stops = stop.filter((text) => text.trim() !== '')
  if (stops.length > 0) config['stopSequences'] = stops
  return config
}

/** Fields of the model's own. */
function fieldsFor({ top_k: topK }: ChatRequest, { fields, isOn }: Thinking, traits: ModelTraits): Json {
  const written: Json = { ...fields }
  if (topK === undefined || isOn || traits.claude.fixedSampling || traits.topK === undefined) return written
  if (traits.topK === 'nova') written['inferenceConfig'] = { topK }
  else written[traits.topK] = topK
  return written
}

function outputFor({ response_format: format }: ChatRequest, { effort }: Thinking, { takesSchemas }: ModelTraits): Json {
  return {
    ...(format?.type === 'json_schema' && takesSchemas && { textFormat: { type: 'json_schema', structure: { jsonSchema: schemaFor(format) } } }),
    ...(effort !== undefined && { effort }),
  }
}

/** The schema goes as a text. */
function schemaFor({ json_schema: { name, description, schema = { type: 'object' } } }: Extract<ResponseFormat, { type: 'json_schema' }>): Json {
  return { schema: JSON.stringify(schema), name, ...(description !== undefined && { description }) }
}

/** Calls that wait for the model to go on must begin with what it thought; Claude refuses to think otherwise. */
function lacksThinking(messages: readonly Json[]): boolean {
  const [said, answered] = [messages.findLast(({ role }) => role === 'assistant'), messages.at(-1)].map((message) => (message?.['content'] ?? []) as Json[])
  return (said ?? []).some((block) => 'toolUse' in block) && !('reasoningContent' in (said?.[0] ?? {})) && (answered ?? []).some((block) => 'toolResult' in block)
}
