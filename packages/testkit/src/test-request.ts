import { Buffer } from 'node:buffer'

/** A request as a test writes it. */
export interface TestRequest {
  /** `POST` where there is a body, else `GET`. */
  method?: string
  /** Path and query, percent-encoded; by default that of an OpenAI chat completion. */
  path?: string
  /** By default `host`, and, where there is a body, `content-type` of JSON and `content-length`. Names in any case. */
  headers?: Readonly<Record<string, string | string[]>>
  /** Text or bytes as they are; anything else as its JSON. */
  body?: unknown
  /** By default 203.0.113.7, an address for documentation. */
  remoteAddress?: string
}

/** An OpenAI chat completion with one user message; `rest` are further members of the body, or others in their place. */
export function chatRequest(content: string, rest: object = {}): TestRequest {
  return { path: '/v1/chat/completions', body: { model: 'gpt-4o', messages: [{ role: 'user', content }], ...rest } }
}

/** An Anthropic Messages request with one user message. */
export function messagesRequest(content: string, rest: object = {}): TestRequest {
  const body = { model: 'claude-sonnet-4-5', max_tokens: 1024, messages: [{ role: 'user', content }], ...rest }
  return { path: '/v1/messages', headers: { 'anthropic-version': '2023-06-01' }, body }
}

/** An OpenAI Responses request. */
export function responsesRequest(input: unknown, rest: object = {}): TestRequest {
  return { path: '/v1/responses', body: { model: 'gpt-4o', input, ...rest } }
}

/** An OpenAI embeddings request. */
export function embeddingsRequest(input: unknown, rest: object = {}): TestRequest {
  return { path: '/v1/embeddings', body: { model: 'text-embedding-3-small', input, ...rest } }
}

/** The bytes of a request's body. */
export function bytesOf({ body }: TestRequest): Buffer {
  if (body === undefined) return Buffer.alloc(0)
  if (typeof body === 'string') return Buffer.from(body)
  return body instanceof Uint8Array ? Buffer.from(body) : Buffer.from(JSON.stringify(body))
}
