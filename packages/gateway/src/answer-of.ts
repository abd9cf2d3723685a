import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** The answer that Node has begun on this connection: https://nodejs.org/api/http.html#event-clienterror. */
export function answerOf(socket: Socket): ServerResponse | undefined {
  const { _httpMessage: message } = socket as Socket & { _httpMessage?: ServerResponse | null }
  return message ?? undefined
}
