import { expect } from 'vitest'
import { askRaw } from './raw-client.ts'
import { aiRoute, startGateway, type LogLine } from './start-gateway.ts'

/** What came of one request: the client's answer and the line of the log. */
export interface Seen {
  readonly status: number
  readonly type: string | undefined
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  /** An empty object where the body is none. */
  readonly json: Record<string, unknown>
  readonly log: LogLine
}

export interface AskThrough {
  /** Fields of `ai-proxy` beside its endpoint. */
  readonly config?: object
  readonly path?: string
  readonly body?: object
}

/** What the provider is sent, and nobody else may see. */
export const companyKey = 'sk-company-0123456789'

export const chat = { model: 'gpt-4', messages: [{ role: 'user', content: 'hello' }] }

/** Sends a request through a gateway of its own to the provider at `url`, with a key that may appear nowhere. */
export async function askThrough(url: string, options: AskThrough = {}): Promise<Seen> {
  const { config = {}, path = '/v1/chat/completions', body = chat } = options
  const auth = { header: { Authorization: `Bearer ${companyKey}` } }
  const gateway = await startGateway({ routes: [aiRoute(url, { auth, ...config })] })
  const answer = await askRaw(`${gateway.url}${path}`, { body })
  const [log = {}] = await gateway.linesOf(answer.id)
  const text = answer.body.toString()
  expect(text + gateway.logged() + JSON.stringify(log)).not.toContain(companyKey)
  const json = text.startsWith('{') ? (JSON.parse(text) as Seen['json']) : {}
  const { status, headers } = answer
  return { status, type: headers['content-type'], headers, text, json, log }
}

/** An error that the gateway made for an OpenAI client. */
export function openAiError(message: unknown, type: unknown, code: unknown): object {
  return { error: { message, type, param: null, code }, error_msg: message }
}
