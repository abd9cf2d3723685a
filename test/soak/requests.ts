import type { Dice } from './dice.ts'
import { faults, type Fault } from './faults.ts'

/** One kind of request, in the dialect of its path. */
export interface Kind {
  readonly name: string
  readonly provider: 'openai' | 'anthropic'
  readonly path: string
  /** Undefined: a GET. */
  readonly body: Readonly<Record<string, unknown>> | undefined
  /** What stands at the end of a stream that came to its end; undefined where the answer is none. */
  readonly terminal: string | undefined
}

const messages = [{ role: 'user', content: 'What is 1+1?' }]
const chat = { model: 'gpt-4o', messages }
const responses = { model: 'gpt-5', input: 'What is 1+1?' }
const claude = { model: 'claude', max_tokens: 100_000, messages }
const stream = true

export const kinds: readonly Kind[] = [
  { name: 'chat', provider: 'openai', path: '/v1/chat/completions', body: chat, terminal: undefined },
  { name: 'chat stream', provider: 'openai', path: '/v1/chat/completions', body: { ...chat, stream }, terminal: 'data: [DONE]' },
  {
    name: 'chat stream with usage',
    provider: 'openai',
    path: '/v1/chat/completions',
    body: { ...chat, stream, stream_options: { include_usage: true } },
    terminal: 'data: [DONE]',
  },
  { name: 'responses', provider: 'openai', path: '/v1/responses', body: responses, terminal: undefined },
  { name: 'responses stream', provider: 'openai', path: '/v1/responses', body: { ...responses, stream }, terminal: '"response.completed"' },
  { name: 'embeddings', provider: 'openai', path: '/v1/embeddings', body: { model: 'text-embedding-3-small', input: ['a', 'b'] }, terminal: undefined },
  { name: 'models, passed', provider: 'openai', path: '/v1/models', body: undefined, terminal: undefined },
  { name: 'messages', provider: 'anthropic', path: '/v1/messages', body: claude, terminal: undefined },
  { name: 'messages stream', provider: 'anthropic', path: '/v1/messages', body: { ...claude, stream }, terminal: '"message_stop"' },
  { name: 'tokens, passed', provider: 'anthropic', path: '/v1/messages/count_tokens', body: { model: 'claude', messages }, terminal: undefined },
]

/** What a well-formed request is, and what its answer must come to. */
export interface Asked {
  readonly kind: Kind
  readonly fault: Fault
  readonly path: string
  readonly method: string
  readonly body: string | undefined
  /** `maybe`: its route comes and goes. */
  readonly isRouted: true | 'maybe'
}

const faultNames = Object.keys(faults) as Fault[]

/** A request out of the mix: a third of the providers are sound. */
export function chooseRequest(dice: Dice): Asked {
  const kind = dice.oneOf(kinds)
  const fault = dice.perhaps(30) ? 'none' : dice.oneOf(faultNames)
  const place = dice.perhaps(5) && kind.provider === 'openai' ? 'sometimes' : undefined
  const body = kind.body && JSON.stringify(dice.perhaps(5) ? { ...kind.body, metadata: { padding: 'x'.repeat(dice.below(100_000)) } } : kind.body)
  return {
    kind,
    fault: place ? 'none' : fault,
    path: place ? `/${place}${kind.path}` : `/${fault}/${kind.provider}${kind.path}`,
    method: body === undefined ? 'GET' : 'POST',
    body,
    isRouted: place ? 'maybe' : true,
  }
}
