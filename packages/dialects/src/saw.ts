/** What one event of a stream says, as bits that may stand together. */
export const Saw = {
  /** Text, thinking, a refusal, audio or a piece of a tool call; not a role alone, nothing empty. */
  content: 1,
  /** Why the answer, or one of its choices, ended; or the dialect's closing event. */
  finish: 2,
  /** `[DONE]`. */
  sentinel: 4,
  error: 8,
  usage: 16,
  /** The extra chunk of `stream_options.include_usage`: usage, and no choices. Stands beside `usage`. */
  usageOnly: 32,
  /** Comment lines and no data: a provider that keeps the connection alive. */
  comment: 64,
} as const
