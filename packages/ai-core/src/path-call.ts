import type { Dialect } from '@sluice/provider'

/** What a path that names its dialect tells of the request. */
export interface PathCall {
  readonly dialect: Dialect
  /** Where the path carries it, and not the body. */
  readonly model?: string
  /** Where the path tells it, and not the body. */
  readonly stream?: boolean
  /** The end of the path, where the dialect has several operations. */
  readonly operation?: string
  /** One that is passed through, unread. */
  readonly isPassed?: true
}

interface Ending {
  readonly end: string
  readonly dialect: Dialect
  /** Reads the model out of what stands before the end; where that is none the path is another's. */
  readonly model?: (before: string) => string | undefined
  readonly stream?: boolean
  readonly isOneOfSeveral?: true
  readonly isPassed?: true
}

/**
 * Paths that end so name their dialect, whatever stands before and whatever the body says of itself; the first that fits.
 * Gemini: https://ai.google.dev/api, with Vertex AI behind `publishers/google`. Bedrock: https://docs.aws.amazon.com/bedrock/latest/APIReference.
 */
const endings: readonly Ending[] = [
  { end: '/chat/completions', dialect: 'openai-chat' },
  { end: '/completions', dialect: 'openai-completions' },
  { end: '/v1/messages', dialect: 'anthropic-messages' },
  { end: '/v1/responses', dialect: 'openai-responses' },
  { end: '/embeddings', dialect: 'openai-embeddings' },
  { end: ':generateContent', dialect: 'gemini', model: googlesModel, stream: false },
  { end: ':streamGenerateContent', dialect: 'gemini', model: googlesModel, stream: true },
  { end: ':countTokens', dialect: 'gemini', model: googlesModel, isOneOfSeveral: true, isPassed: true },
  { end: ':embedContent', dialect: 'gemini-embeddings', model: googlesModel, stream: false, isOneOfSeveral: true },
  { end: ':batchEmbedContents', dialect: 'gemini-embeddings', model: googlesModel, stream: false, isOneOfSeveral: true },
  { end: '/converse-stream', dialect: 'bedrock-converse', model: bedrocksModel, stream: true },
  // Here a body may ask for a stream all the same, as APISIX has it.
  { end: '/converse', dialect: 'bedrock-converse', model: bedrocksModel },
  { end: '/converse', dialect: 'bedrock-converse' },
]

/** What a decoded path tells; undefined where it names no dialect. Whoever asks for each request remembers the answer. */
export function readPathCall(path: string): PathCall | undefined {
  for (const { end, dialect, model: read, stream, isOneOfSeveral, isPassed } of endings) {
    if (!path.endsWith(end)) continue
    if (!read) return { dialect }
    const model = read(path.slice(0, -end.length))
    if (model === undefined) continue
    return { dialect, model, ...(stream !== undefined && { stream }), ...(isOneOfSeveral && { operation: end }), ...(isPassed && { isPassed }) }
  }
  return undefined
}

/** `models/` says nothing of a model's own, `tunedModels/` does. */
function googlesModel(before: string): string | undefined {
  const [, kind, segment] = /\/(models|tunedModels)\/([^/:]{1,256})$/.exec(before) ?? []
  const name = nameIn(segment)
  return name === undefined || kind === 'models' ? name : `${kind}/${name}`
}

/** An id or an ARN, in one segment. */
function bedrocksModel(before: string): string | undefined {
  const [, segment] = /\/model\/([^/]{1,2048})$/.exec(before) ?? []
  return nameIn(segment)
}

/** In a decoded path a slash within a segment has stayed as it is. A name that climbs out of its place is none. */
function nameIn(segment: string | undefined): string | undefined {
  const name = segment?.replaceAll('%2F', '/')
  return name?.split(/[/\\]/).includes('..') ? undefined : name
}
