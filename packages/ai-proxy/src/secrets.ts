import type { ClientError } from '@sluice/dialects'
import type { Framing } from '@sluice/provider'

/** Whether a body repeats a credential: in its bytes, or in what its JSON says, for JSON has several spellings of one text. */
export function repeats(body: Buffer, json: unknown, secrets: readonly string[]): boolean {
  if (secrets.some((secret) => body.includes(secret))) return true
  if (json === undefined) return false
  const text = JSON.stringify(json)
  return secrets.some((secret) => text.includes(JSON.stringify(secret).slice(1, -1)))
}

/** The same of one event. */
export function eventRepeats(event: Buffer, framing: Framing, secrets: readonly string[]): boolean {
  return repeats(event, parsed(String(framing.dataOf(event) ?? '')), secrets)
}

/** A text for the client and the log. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((kept, secret) => kept.replaceAll(secret, '***'), text)
}

/** What a provider reported in its stream, for the client. */
export function cleanError(error: ClientError | undefined, secrets: readonly string[]): ClientError {
  const { status, message, type } = error ?? { status: 502, message: 'upstream failed' }
  return { status, message: withoutSecrets(message, secrets), type: type && withoutSecrets(type, secrets) }
}

/** The value that JSON text says; undefined where it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // whoever asks can do without
  }
}
