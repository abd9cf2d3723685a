import { ApiError } from './api-error.ts'
import { isObject, type JsonObject } from './json-object.ts'

const names = (text: string): ReadonlySet<string> => new Set(text.split(' '))

/** What https://ai.google.dev/api/generate-content knows; the API refuses anything else. */
const inRequest = names('contents systemInstruction tools toolConfig safetySettings generationConfig cachedContent serviceTier labels store')
const inConfig = names(
  'stopSequences responseMimeType responseSchema responseJsonSchema responseModalities candidateCount maxOutputTokens temperature ' +
    'topP topK seed presencePenalty frequencyPenalty responseLogprobs logprobs enableEnhancedCivicAnswers speechConfig ' +
    'thinkingConfig imageConfig mediaResolution',
)
const inFunction = names('name description behavior parameters parametersJsonSchema response responseJsonSchema')
const inSchema = names(
  'type format title description nullable enum maxItems minItems properties required minProperties maxProperties minLength ' +
    'maxLength pattern example anyOf propertyOrdering items minimum maximum',
)

/** Checks what Google checks before it looks at the model; returns the contents. */
export function checkContents(body: JsonObject, model: string): readonly JsonObject[] {
  refuseStrangers(body, { known: inRequest, at: '' })
  const { contents, generationConfig: config, tools } = body
  if (!Array.isArray(contents) || contents.length === 0) throw invalid('* GenerateContentRequest.contents: contents is not specified')
  const wrong = contents.findIndex((one) => !isObject(one) || !roles.has(one['role']))
  if (wrong >= 0) throw invalid('Please use a valid role: user, model.')
  const all = contents as JsonObject[]
  checkParts(all)
  if (isObject(config)) checkConfig(config)
  if (Array.isArray(tools)) for (const [index, tool] of tools.entries()) checkTool(tool, index)
  const isThird = /gemini-[3-9]/.test(model)
  if (isThird) checkSignatures(all)
  else if (hasFunctions(tools) && isObject(config) && config['responseMimeType'] === 'application/json') {
    throw invalid("Function calling with a response mime type: 'application/json' is unsupported")
  }
  return all
}

const roles = new Set<unknown>(['user', 'model', 'function', undefined])

/** The parts of a content; nothing where it has none. */
export function partsOf({ parts }: JsonObject): readonly JsonObject[] {
  return Array.isArray(parts) ? parts.filter(isObject) : []
}

/** Every call has a result in the very next content, and every result a call. */
function checkParts(contents: readonly JsonObject[]): void {
  let calls = 0
  for (const [index, content] of contents.entries()) {
    const parts = partsOf(content)
    if (parts.length === 0) throw invalid(`* GenerateContentRequest.contents[${index}].parts: contents.parts must not be empty.`)
    const results = parts.filter((part) => isObject(part['functionResponse']))
    if (results.some(({ functionResponse: one }) => !isObject((one as JsonObject)['response']) || !(one as JsonObject)['name'])) {
      throw invalid(`* GenerateContentRequest.contents[${index}].parts.function_response: Name cannot be empty, and response is an object.`)
    }
    if (results.length !== calls) {
      throw invalid('Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.')
    }
    calls = parts.filter((part) => isObject(part['functionCall'])).length
  }
}

/** Whether the user says something, and does not only hand in results. */
function isSaid(content: JsonObject): boolean {
  return content['role'] !== 'model' && partsOf(content).some((part) => !isObject(part['functionResponse']))
}

/** Gemini 3 wants back what it thought before the calls of the turn: https://ai.google.dev/gemini-api/docs/thought-signatures */
function checkSignatures(contents: readonly JsonObject[]): void {
  for (const content of contents.slice(contents.findLastIndex(isSaid) + 1)) {
    const call = partsOf(content).find((part) => isObject(part['functionCall']))
    if (call && typeof call['thoughtSignature'] !== 'string') {
      throw invalid('Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly.')
    }
  }
}

function checkConfig(config: JsonObject): void {
  refuseStrangers(config, { known: inConfig, at: 'generation_config' })
  const { temperature, stopSequences: stops, responseSchema: schema } = config
  if (typeof temperature === 'number' && (temperature < 0 || temperature > 2)) {
    throw invalid(`* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 2.0].`)
  }
  if (Array.isArray(stops) && stops.length > 5) throw invalid('* GenerateContentRequest.generation_config.stop_sequences: at most 5.')
  if (isObject(schema)) checkSchema(schema, 'generation_config.response_schema')
}

function checkTool(tool: unknown, index: number): void {
  const functions = isObject(tool) ? tool['functionDeclarations'] : undefined
  if (!Array.isArray(functions)) return
  for (const [at, one] of functions.entries()) {
    if (!isObject(one)) throw invalid('a function declaration is an object')
    const place = `tools[${index}].function_declarations[${at}]`
    refuseStrangers(one, { known: inFunction, at: place })
    if (!/^[a-zA-Z_][\w.:-]{0,63}$/.test(String(one['name']))) throw invalid(`* GenerateContentRequest.${place}.name: Invalid function name.`)
    if (isObject(one['parameters'])) checkSchema(one['parameters'], `${place}.parameters`)
  }
}

function checkSchema(schema: JsonObject, at: string): void {
  refuseStrangers(schema, { known: inSchema, at })
  const { properties, items, type } = schema
  if (String(type).toLowerCase() === 'object' && isObject(properties) && Object.keys(properties).length === 0) {
    throw invalid(`* GenerateContentRequest.${at}.properties: should be non-empty for OBJECT type`)
  }
  if (isObject(properties)) for (const [name, one] of Object.entries(properties)) if (isObject(one)) checkSchema(one, `${at}.properties[${name}]`)
  if (isObject(items)) checkSchema(items, `${at}.items`)
}

function hasFunctions(tools: unknown): boolean {
  return Array.isArray(tools) && tools.some((tool) => isObject(tool) && Array.isArray(tool['functionDeclarations']))
}

function refuseStrangers(value: JsonObject, { known, at }: { known: ReadonlySet<string>; at: string }): void {
  const stranger = Object.keys(value).find((name) => !known.has(name) && !known.has(camelCase(name)))
  if (stranger === undefined) return
  throw invalid(`Invalid JSON payload received. Unknown name "${stranger}"${at === '' ? '' : ` at '${at}'`}: Cannot find field.`)
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function invalid(message: string): ApiError {
  return new ApiError(400, message)
}
