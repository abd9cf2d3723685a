/** What is sent back. */
export interface Answer {
  readonly status: number
  /** Text goes out as it is, anything else as JSON; undefined: nothing. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** 200. */
export function ok(body: unknown): Answer {
  return { status: 200, body }
}
