import type { UpstreamError } from './upstream-error.ts'

/** Response headers as undici gives them; names in lower case. */
export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Reads the error of a response that is no 2xx, in any of the shapes that providers use. */
export function readUpstreamError(status: number, _headers: ResponseHeaders, _body: Buffer): UpstreamError {
  return { status, message: `Upstream returned HTTP ${status}` }
}
