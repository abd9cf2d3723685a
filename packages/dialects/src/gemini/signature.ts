import { isRecord } from '../is-record.ts'
import type { ReasoningDetail } from '../pivot/reasoning.ts'

/** Whose signatures these are, in OpenRouter's words. */
export const geminiFormat = 'google-gemini-v1'

/** Gemini 3 wants calls back with a signature; where one is lost this is taken instead: https://ai.google.dev/gemini-api/docs/thought-signatures */
export const noSignature = 'skip_thought_signature_validator'

/** Whether Google would know this signature again. */
export function isGoogles({ format }: ReasoningDetail): boolean {
  return typeof format === 'string' && format.startsWith('google')
}

/** The signature that stands with a call, as Google's OpenAI-compatible endpoint writes it; undefined where there is none. */
export function signatureIn(extra: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const google = extra?.['google']
  const signature = isRecord(google) ? google['thought_signature'] : undefined
  return typeof signature === 'string' && signature !== '' ? signature : undefined
}

/** A signature as the member of a call that is to come back with it. */
export function withSignature(signature: string | undefined): { extra_content?: { google: { thought_signature: string } } } {
  return signature === undefined || signature === noSignature ? {} : { extra_content: { google: { thought_signature: signature } } }
}
