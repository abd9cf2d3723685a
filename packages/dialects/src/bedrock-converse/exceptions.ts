import { isRecord } from '../is-record.ts'
import type { UpstreamError } from '../upstream-error.ts'

/**
 * The errors of Bedrock's that clients know, with the statuses that they come with, or stand for in a stream:
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_Errors
 */
const statuses: ReadonlyMap<string, number> = new Map([
  ['ValidationException', 400],
  ['AccessDeniedException', 403],
  ['UnrecognizedClientException', 403],
  ['ExpiredTokenException', 403],
  ['ResourceNotFoundException', 404],
  ['ModelTimeoutException', 408],
  ['ConflictException', 409],
  ['ModelErrorException', 424],
  ['ThrottlingException', 429],
  ['ModelNotReadyException', 429],
  ['ServiceQuotaExceededException', 400],
  ['InternalServerException', 500],
  ['ServiceUnavailableException', 503],
  // It says of itself that the request may be sent again.
  ['ModelStreamErrorException', 502],
])

const byStatus: Readonly<Record<number, string>> = {
  401: 'UnrecognizedClientException',
  402: 'AccessDeniedException',
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  408: 'ModelTimeoutException',
  409: 'ConflictException',
  424: 'ModelErrorException',
  429: 'ThrottlingException',
  503: 'ServiceUnavailableException',
  504: 'ModelTimeoutException',
  529: 'ServiceUnavailableException',
}

/** Whether an event of a stream is an error, by its type. */
export function isException(event: string): boolean {
  return event === 'error' || /(?:exception|error|failure)$/i.test(event)
}

/** Reads an error that came as an event: its type stands in front of its payload. */
export function bedrockErrorOf(event: string, payload: unknown): UpstreamError {
  const type = `${event.slice(0, 1).toUpperCase()}${event.slice(1, 128)}`
  const said = isRecord(payload) ? (payload['message'] ?? payload['Message']) : undefined
  const message = typeof said === 'string' && said !== '' ? said : `Upstream reported an error of type ${type}`
  return { status: statuses.get(type) ?? 502, message, type }
}

/** What an error is called for clients of Bedrock's; a type of another protocol gives way to the status. */
export function exceptionFor({ status, type }: { readonly status: number; readonly type?: string | undefined }): string {
  if (type !== undefined && statuses.has(type)) return type
  return byStatus[status] ?? (status >= 500 ? 'InternalServerException' : 'ValidationException')
}

/** The errors that may come in a stream; of the others clients know nothing there. */
const streamed: ReadonlySet<string> = new Set(['ValidationException', 'ThrottlingException', 'InternalServerException', 'ServiceUnavailableException', 'ModelStreamErrorException'])

/** The same for an event of a stream, which begins in lower case. */
export function streamedExceptionFor(error: { readonly status: number; readonly type?: string | undefined }): string {
  const name = exceptionFor(error)
  // What broke off may be asked for again; an answer that could not be relayed is no fault of Bedrock's.
  const told = streamed.has(name) && error.status !== 502 ? name : fallbackFor(error.status)
  return `${told.slice(0, 1).toLowerCase()}${told.slice(1)}`
}

function fallbackFor(status: number): string {
  return status >= 500 || status === 408 || status === 424 ? 'ModelStreamErrorException' : 'ValidationException'
}
