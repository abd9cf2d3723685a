/** A request that the API refuses; goes out as an error in the dialect of its path. */
export class ApiError extends Error {
  readonly status: number
  readonly param: string | null
  readonly code: string | null

  constructor(status: number, message: string, { param, code }: { param?: string; code?: string } = {}) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.param = param ?? null
    this.code = code ?? null
  }
}
