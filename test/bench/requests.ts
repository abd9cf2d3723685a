import { prose, seeded } from './prose.ts'
import { askedModel, chatPath, embeddingsPath, heldUser, httpRequest, messagesPath } from './wire.ts'

interface Message {
  readonly role: string
  readonly content: string
}

/** A question of some 300 bytes. */
const question: readonly Message[] = [{ role: 'user', content: prose(300, seeded(1)) }]

/** A conversation of about `bytes` bytes, in turns of 2 KB. */
function conversation(bytes: number): Message[] {
  const random = seeded(2)
  return Array.from({ length: Math.ceil(bytes / 2048) }, (_, n) => ({
    role: n % 2 === 0 ? 'user' : 'assistant',
    content: prose(2000, random),
  }))
}

function chat(messages: readonly Message[], more: object = {}): Buffer {
  return httpRequest(chatPath, JSON.stringify({ model: askedModel, messages, temperature: 0.7, ...more }))
}

export const smallChat = (): Buffer[] => [chat(question)]
export const streamedChat = (): Buffer[] => [chat(question, { stream: true })]
/** The same of a client of Anthropic's. */
export const streamedMessages = (): Buffer[] => [
  httpRequest(messagesPath, JSON.stringify({ model: askedModel, max_tokens: 1024, messages: question, temperature: 0.7, stream: true })),
]
/** A stream that begins and stays open until its client leaves. */
export const heldChat = (): Buffer[] => [chat(question, { stream: true, user: heldUser })]
export const largeChat = (bytes: number) => (): Buffer[] => [chat(conversation(bytes))]

/** One request for each of `count` models, so that each goes to a route of its own. */
export const chatOfModels = (count: number) => (): Buffer[] =>
  Array.from({ length: count }, (_, n) => chat(question, { model: modelOfRoute(n) }))

/** Routes that differ by `vars` alone, on one path. */
export const variedRoutes = 100

/** The model that the route number `n` of those with `vars` serves. */
export function modelOfRoute(n: number): string {
  return `team-${n}-chat`
}

export const embeddings = (): Buffer[] => [
  httpRequest(
    embeddingsPath,
    JSON.stringify({ model: 'text-embedding-3-small', input: Array.from({ length: 9 }, (_, n) => prose(60, seeded(20 + n))) }),
  ),
]
