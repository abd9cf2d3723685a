/** A request that is malformed, or that the other dialect cannot say without changing its meaning. */
export class Untranslatable extends Error {
  override readonly name = 'Untranslatable'
  readonly status = 400
  readonly code: string
  /** The member that is to blame, such as `messages[2].content[0]`. */
  readonly param: string | undefined

  constructor(code: string, message: string, param?: string) {
    super(message)
    this.code = code
    this.param = param
  }
}

/** An answer of a provider that is none in its dialect. */
export class UpstreamNonsense extends Error {
  override readonly name = 'UpstreamNonsense'
  readonly status = 502
  readonly code: string

  constructor(message: string, code = 'invalid_upstream_response') {
    super(message)
    this.code = code
  }
}

/** A request that has not the shape that its own dialect gives it. */
export function malformed(message: string, param?: string): Untranslatable {
  return new Untranslatable('invalid_request', message, param)
}
