import type { IncomingHttpHeaders } from 'node:http'
import { ApiError } from './api-error.ts'
import { isObject, objectsIn, type JsonObject } from './json-object.ts'

/** What Converse knows; the API refuses anything else. */
const known: ReadonlySet<string> = new Set(
  (
    'messages system inferenceConfig toolConfig guardrailConfig additionalModelRequestFields promptVariables ' +
    'additionalModelResponseFieldPaths requestMetadata performanceConfig serviceTier outputConfig'
  ).split(' '),
)

/** Looks whether a request is signed, or has an API key; the mock has no keys, and cannot tell whether a signature is right. */
export function checkSigned(headers: IncomingHttpHeaders): void {
  const { authorization = '', 'x-amz-date': time } = headers
  const [, bearer] = /^bearer +(\S+)$/i.exec(authorization) ?? []
  if (bearer !== undefined) return checkName(bearer)
  if (authorization === '') throw new ApiError(403, 'Missing Authentication Token', { code: 'MissingAuthenticationTokenException' })
  const [, key, day, names = ''] = signature.exec(authorization) ?? []
  if (day === undefined || !['host', 'x-amz-date'].every((name) => names.split(';').includes(name)) || !String(time).startsWith(day)) {
    throw new ApiError(403, 'Authorization header requires existence of either a \'X-Amz-Date\' or a \'Date\' header, and a signature of host and date for bedrock.', { code: 'IncompleteSignatureException' })
  }
  checkName(key)
}

/** The one key that is refused, so that a wrong key can be tried. */
function checkName(key: string | undefined): void {
  if (key === 'bad-key') throw new ApiError(403, 'The security token included in the request is invalid.', { code: 'UnrecognizedClientException' })
}

const signature = /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/[a-z0-9-]+\/bedrock\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=[0-9a-f]{64}$/

/** Checks what Bedrock checks before it looks at the model; returns the messages. */
export function checkConversation(body: JsonObject): readonly JsonObject[] {
  const stranger = Object.keys(body).find((name) => !known.has(name))
  if (stranger !== undefined) throw new ApiError(400, `Malformed input request: #: extraneous key [${stranger}] is not permitted, please reformat your input and try again.`)
  const { messages, toolConfig } = body
  if (!Array.isArray(messages) || messages.length === 0) throw new ApiError(400, 'A conversation must start with a user message. Try again with a conversation that starts with a user message.')
  const all = messages as unknown[]
  for (const [index, message] of all.entries()) checkMessage(message, index)
  const tools = isObject(toolConfig) ? toolConfig['tools'] : undefined
  if (isObject(toolConfig) && objectsIn(tools).length === 0) throw new ApiError(400, 'The value at toolConfig.tools is empty. Add at least one tool, and try again.')
  checkCalls(all as JsonObject[], tools !== undefined)
  return all as JsonObject[]
}

function checkMessage(message: unknown, index: number): void {
  const at = `messages.${index}`
  const role = index % 2 === 0 ? 'user' : 'assistant'
  if (!isObject(message) || message['role'] !== role) {
    if (index > 0) throw new ApiError(400, `A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.`)
    throw new ApiError(400, 'A conversation must start with a user message. Try again with a conversation that starts with a user message.')
  }
  const content = objectsIn(message['content'])
  if (content.length === 0) throw new ApiError(400, `The content field in the Message object at ${at} is empty. Add a ContentBlock object to the content field and try again.`)
  const blank = content.findIndex(({ text }) => typeof text === 'string' && text.trim() === '')
  if (blank >= 0) throw new ApiError(400, `The text field in the ContentBlock object at ${at}.content.${blank} is blank. Add text to the text field, and try again.`)
}

/** Every call has a result in the very next message, and tools are declared wherever one was called. */
function checkCalls(messages: readonly JsonObject[], hasTools: boolean): void {
  let waiting: readonly string[] = []
  for (const [index, { content }] of messages.entries()) {
    const results = idsIn(content, 'toolResult')
    if (results.some((id) => !waiting.includes(id))) {
      throw new ApiError(400, `The number of toolResult blocks at messages.${index}.content exceeds the number of toolUse blocks of previous turn.`)
    }
    const missing = waiting.filter((id) => !results.includes(id))
    if (missing.length > 0) throw new ApiError(400, `Expected toolResult blocks at messages.${index}.content for the following Ids: ${missing.join(', ')}`)
    waiting = idsIn(content, 'toolUse')
    if (!hasTools && waiting.length + results.length > 0) throw new ApiError(400, 'The toolConfig field must be defined when using toolUse and toolResult content blocks.')
  }
}

function idsIn(content: unknown, kind: string): string[] {
  return objectsIn(content).flatMap((block) => {
    const found = block[kind]
    return isObject(found) ? [String(found['toolUseId'])] : []
  })
}
