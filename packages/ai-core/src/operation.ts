import type { Dialect } from '@sluice/provider'

/**
 * Operations beside the dialects that are known well enough to lend them the company's key: they go to the same place
 * of the provider's API, unread. Everything else must be a recognised dialect.
 */
const passed =
  /\/v\d[^/]*(\/(?:messages\/count_tokens|completions|moderations|rerank|(?:images|audio)\/[^/]+(?:\/[^/]+)*|(?:files|models)(?:\/[^/]+)*))$/

/** Paths that end so name their dialect, whatever the body says of itself. */
const endings: readonly (readonly [string, Dialect])[] = [
  ['/v1/messages', 'anthropic-messages'],
  ['/v1/responses', 'openai-responses'],
  ['/chat/completions', 'openai-chat'],
  ['/embeddings', 'openai-embeddings'],
]

/** The operation of a path that is passed through, from behind its version segment (`/audio/speech`); undefined for all others. */
export function passedOperation(path: string): string | undefined {
  if (path.endsWith('/chat/completions')) return undefined
  return passed.exec(path)?.[1]
}

/** The dialect that a client on this path speaks and wants its errors in; undefined where the path does not tell. */
export function dialectOfPath(path: string): Dialect | undefined {
  for (const [ending, dialect] of endings) if (path.endsWith(ending)) return dialect
  const operation = passedOperation(path)
  if (operation === undefined) return undefined
  return operation === '/messages/count_tokens' ? 'anthropic-messages' : 'openai-chat'
}
