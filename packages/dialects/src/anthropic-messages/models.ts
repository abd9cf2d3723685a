/** What Anthropic's models differ in, as far as a request must know it. */
export interface ModelTraits {
  /** Takes `output_config.effort`. */
  readonly takesEffort: boolean
  /** May decide on thinking by itself: https://docs.anthropic.com/en/docs/build-with-claude/adaptive-thinking */
  readonly takesAdaptive: boolean
  /** Refuses a budget for thinking, and wants it adaptive. */
  readonly adaptiveOnly: boolean
  /** Refuses `temperature`, `top_p` and `top_k` other than the default. */
  readonly fixedSampling: boolean
}

/** Reads the version out of a model's name, such as `claude-opus-4-7` or `us.anthropic.claude-sonnet-4-6-v1:0`. */
export function traitsOf(model: string | undefined): ModelTraits {
  const found = /claude-(opus|sonnet|haiku)-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/.exec(model ?? '')
  const version = found ? Number(found[2]) * 100 + Number(found[3] ?? 0) : 0
  const isOpus = found?.[1] === 'opus'
  const isNewest = isOpus && version >= 407
  const takesAdaptive = version >= 406 && found?.[1] !== 'haiku'
  return { takesEffort: takesAdaptive || (isOpus && version >= 405), takesAdaptive, adaptiveOnly: isNewest, fixedSampling: isNewest }
}
