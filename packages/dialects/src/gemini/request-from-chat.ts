import { isRecord } from '../is-record.ts'
import type { ChatRequest, ChatTool, ChatToolChoice, ServerToolKind, SystemMessage } from '../pivot/chat-request.ts'
import type { Json } from '../translate/json.ts'
import { refuseMembers, refusal } from '../translate/rule.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { contentsFromChat } from './messages-from-chat.ts'
import { maxToolName } from './max-tool-name.ts'
import { traitsOf, type ModelTraits } from './models.ts'
import { customToolRule, requestFromChatRules } from './rules.ts'
import { isEmptyObject, isGeminiSchema } from './schema.ts'
import { thinkingConfigFor } from './thinking.ts'

/** https://ai.google.dev/api/generate-content#generationconfig: a sixth is a 400. */
const maxStops = 5

const inJson = 'Answer with one JSON object and nothing else.'

/** Writes a request of Gemini's; model and stream are in its path. Nothing but what Gemini knows: it refuses the rest. */
export function requestFromChat(chat: ChatRequest, context: TranslationContext): Json {
  refuseMembers(requestFromChatRules, chat)
  const traits = traitsOf(chat.model)
  const tools = toolsFor(chat, context)
  const hasFunctions = tools.some((tool) => 'functionDeclarations' in tool)
  const isSpoken = hasFunctions && !traits.takesFormatWithTools
  const system = systemParts(chat, isSpoken)
  const config = configFor(chat, traits, isSpoken)
  const tier = tierFor(chat.service_tier)
  return {
    contents: contentsFromChat(chat.messages, context, traits.wantsSignatures),
    ...(system.length > 0 && { systemInstruction: { parts: system } }),
    ...(tools.length > 0 && { tools }),
    ...(hasFunctions && chat.tool_choice !== undefined && { toolConfig: { functionCallingConfig: choiceFor(chat.tool_choice, context) } }),
    ...(Object.keys(config).length > 0 && { generationConfig: config }),
    ...(tier !== undefined && { serviceTier: tier }),
  }
}

function systemParts({ messages, response_format: format }: ChatRequest, isSpoken: boolean): Json[] {
  const own = messages.filter((message): message is SystemMessage => message.role === 'system' || message.role === 'developer')
  const texts = own.flatMap(({ content }) => (typeof content === 'string' ? [content] : content.map(({ text }) => text)))
  if (isSpoken && format?.type === 'json_object') texts.push(inJson)
  if (isSpoken && format?.type === 'json_schema') {
    texts.push(`Where you call no function: ${inJson} It has to fit this JSON Schema: ${JSON.stringify(format.json_schema.schema ?? {})}`)
  }
  return texts.filter((text) => text !== '').map((text) => ({ text }))
}

/** Members of a chat that Gemini has under another name. */
const renamed = {
  max_completion_tokens: 'maxOutputTokens',
  temperature: 'temperature',
  top_p: 'topP',
  top_k: 'topK',
  n: 'candidateCount',
  seed: 'seed',
  presence_penalty: 'presencePenalty',
  frequency_penalty: 'frequencyPenalty',
  logprobs: 'responseLogprobs',
  top_logprobs: 'logprobs',
} as const

function configFor(chat: ChatRequest, traits: ModelTraits, isSpoken: boolean): Json {
  const config: Json = {}
  for (const [name, own] of Object.entries(renamed)) if (chat[name] !== undefined) config[own] = chat[name]
  if (chat.n === 1) delete config['candidateCount']
  if (chat.stop && chat.stop.length > 0) config['stopSequences'] = chat.stop.slice(0, maxStops)
  const { response_format: format } = chat
  if (!isSpoken && (format?.type === 'json_object' || format?.type === 'json_schema')) {
    config['responseMimeType'] = 'application/json'
    const schema = format.type === 'json_schema' ? format.json_schema.schema : undefined
    if (schema) config[isGeminiSchema(schema) ? 'responseSchema' : 'responseJsonSchema'] = schema
  }
  const thinking = thinkingConfigFor(chat, traits)
  if (thinking) config['thinkingConfig'] = thinking
  return config
}

/** What Gemini can do itself, for tools of others that do the same. */
const ownTools: Partial<Record<ServerToolKind, string>> = { web_search: 'googleSearch', web_fetch: 'urlContext', code_execution: 'codeExecution' }

function toolsFor({ tools = [], web_search_options: search }: ChatRequest, context: TranslationContext): Json[] {
  const functions = tools.flatMap((tool, index) => functionFor(tool, `tools[${index}]`, context))
  const written: Json[] = functions.length > 0 ? [{ functionDeclarations: functions }] : []
  for (const tool of tools) {
    if (tool.type !== 'server') continue
    const { kind, native, dialect } = tool.server
    const own = ownTools[kind]
    if (dialect === 'gemini') written.push(native)
    // Functions and its own tools together it refuses.
    else if (own !== undefined && functions.length === 0) written.push({ [own]: {} })
  }
  if (isRecord(search) && !written.some((tool) => 'googleSearch' in tool)) written.push({ googleSearch: {} })
  return written
}

function functionFor(tool: ChatTool, at: string, context: TranslationContext): Json[] {
  if (tool.type === 'server') return []
  if (tool.type === 'custom') throw refusal(customToolRule, `${at}.type`)
  const { name, description, parameters } = tool.function
  return [
    {
      name: context.toolNames.toProvider(name, maxToolName),
      ...(typeof description === 'string' && { description }),
      ...(parameters && !isEmptyObject(parameters) && { [isGeminiSchema(parameters) ? 'parameters' : 'parametersJsonSchema']: parameters }),
    },
  ]
}

const modes = { none: 'NONE', auto: 'AUTO', required: 'ANY' } as const

function choiceFor(choice: ChatToolChoice, context: TranslationContext): Json {
  if (typeof choice === 'string') return { mode: modes[choice] }
  return { mode: 'ANY', allowedFunctionNames: [context.toolNames.toProvider(choice.function.name, maxToolName)] }
}

const tiers: Readonly<Record<string, string>> = { default: 'standard', flex: 'flex', priority: 'priority' }

function tierFor(tier: string | undefined): string | undefined {
  return tier !== undefined && Object.hasOwn(tiers, tier) ? tiers[tier] : undefined
}
