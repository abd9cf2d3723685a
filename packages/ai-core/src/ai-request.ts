import { HttpError, slot, tooLarge, type Exchange } from '@sluice/kernel'
import type { Document } from '@sluice/json-edit'
import type { Dialect } from '@sluice/provider'
import { callOfPath, passedOperation } from './operation.ts'
import type { PathCall } from './path-call.ts'

/** What a client asks of an AI: the request as every AI plugin of the chain sees it. */
export type AiRequest = SpokenRequest | PassedRequest

/** A request in a dialect that Sluice reads. */
export interface SpokenRequest {
  readonly kind: 'spoken'
  readonly dialect: Dialect
  /** The model that the client named. */
  readonly model: string | undefined
  /** Whether the client asked for a stream: by the path, or strictly with `true`; never for embeddings. */
  readonly stream: boolean
  /** What the path told; a model and a `stream` in it are not in the body. */
  readonly call: PathCall | undefined
}

/** A request for another operation of the provider's API; its body is not read. */
export interface PassedRequest {
  readonly kind: 'passed'
  /** From behind the version segment, such as `/audio/transcriptions`. */
  readonly operation: string
  /** What the path told, where it names the dialect. */
  readonly call: PathCall | undefined
}

/** Members that decide how a request is read. A provider might read the other one of two, so two are refused. */
const readMembers = ['model', 'messages', 'input', 'stream', 'stream_options', 'system', 'instructions', 'template_name', 'contents', 'prompt']

const known = slot<{ revision: number; uri: string; request: AiRequest }>('ai.request')

/**
 * Reads the request as far as AI plugins need it. Rejects with an `HttpError`: 413 above `limit` bytes, 400 for a body
 * that is empty, no JSON, or in no dialect. Asked again after an edit, it looks again.
 */
export async function readAiRequest(ctx: Exchange, limit: number): Promise<AiRequest> {
  const { uri, body } = ctx.request
  if (passedOperation(uri) === undefined) await body.read(limit)
  return aiRequestIn(ctx, limit)
}

/** The same without waiting, once the body has been read (`body.isRead`): throws what that rejects with. */
export function aiRequestIn(ctx: Exchange, limit: number): AiRequest {
  const { uri, body } = ctx.request
  const operation = passedOperation(uri)
  if (operation !== undefined) return { kind: 'passed', operation, call: callOfPath(uri) }
  const size = body.receivedLength ?? 0
  if (size > limit) throw tooLarge(size, limit)
  return spokenRequest(ctx)
}

function spokenRequest(ctx: Exchange): AiRequest {
  const { uri, body } = ctx.request
  const { revision } = body
  const before = ctx.get(known)
  if (before?.revision === revision && before.uri === uri) return before.request
  const { document } = body
  const dialect = detectDialect(uri, document)
  if (!dialect) throw new HttpError(400, 'unknown_dialect', 'no matching AI protocol for the request')
  refuseDuplicates(document, readMembers)
  const call = callOfPath(uri)
  // Nobody streams embeddings, whatever the client writes.
  const stream = call?.stream ?? (dialect !== 'openai-embeddings' && isStreaming(document))
  const request: AiRequest = { kind: 'spoken', dialect, model: call?.model ?? textMember(document, 'model'), stream, call }
  ctx.set(known, { revision, uri, request })
  return request
}

/** What `readAiRequest` found last; undefined where nobody has asked, or it failed. */
export function aiRequestOf(ctx: Exchange): AiRequest | undefined {
  return ctx.get(known)?.request
}

/** The dialect of a body on a path: what the path names where the body can be one of it, else what the body looks like. */
export function detectDialect(path: string, document: Document): Dialect | undefined {
  if (document.kind([]) !== 'object') return undefined
  const messages = document.kind('messages')
  const call = callOfPath(path)
  switch (call?.dialect) {
    case 'bedrock-converse':
      // A prompt that is kept at Amazon brings its own.
      if (messages === 'array' || (call.model !== undefined && messages === undefined && !document.isEmpty)) return call.dialect
      break
    case 'openai-completions':
      // Servers with a chat at this path have been seen.
      if (document.has('prompt') || (messages === undefined && !document.has('input') && !document.isEmpty)) return call.dialect
      break
    case 'openai-responses':
      if (document.has('input')) return call.dialect
      break
    case 'anthropic-messages':
    case 'gemini':
    case 'gemini-embeddings':
      return document.isEmpty ? undefined : call.dialect
    default: // of OpenAI's older ones the body tells
  }
  if (messages === 'array' || messages === 'object') return 'openai-chat'
  return document.has('input') ? 'openai-embeddings' : undefined
}

/** Throws a 400 where one of these top-level members stands twice. */
export function refuseDuplicates(document: Document, members: readonly string[]): void {
  const twice = document.duplicate(members)
  if (twice === undefined) return
  throw new HttpError(400, 'duplicate_member', `the request body has more than one member "${twice}"`, { param: twice })
}

/** Whether a body asks for a stream: `true`, and nothing that merely looks like it. */
export function isStreaming(document: Document): boolean {
  return document.kind('stream') === 'boolean' && document.get('stream') === true
}

/** A top-level member that is a string. */
export function textMember(document: Document, name: string): string | undefined {
  return document.kind(name) === 'string' ? (document.get(name) as string) : undefined
}
