/** What a provider says went wrong, whatever its shape. */
export interface UpstreamError {
  /** HTTP status; of an error inside a 200 the one that it stands for, 502 where it does not say. */
  status: number
  message: string
  type?: string
  code?: string
  param?: string
  retryAfterSeconds?: number
}
