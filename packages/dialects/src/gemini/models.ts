/** What Gemini's models differ in, as far as a request must know it. */
export interface ModelTraits {
  /** How much to think is said in tokens, by level, or not at all. */
  readonly thinks: 'budget' | 'level' | 'never'
  /** Cannot be kept from thinking. */
  readonly alwaysThinks: boolean
  /** Takes functions and a format of the answer together. */
  readonly takesFormatWithTools: boolean
  /** Refuses calls that come back without their signature. */
  readonly wantsSignatures: boolean
}

/** Reads the version out of a model's name, such as `gemini-2.5-flash` or `google/gemini-3-pro-preview`; of one without, nothing special is known. */
export function traitsOf(model: string | undefined): ModelTraits {
  const found = /gemini-(\d{1,2})(?:\.(\d{1,2}))?/.exec(model ?? '')
  if (!found) return { thinks: 'budget', alwaysThinks: false, takesFormatWithTools: true, wantsSignatures: false }
  const version = Number(found[1]) * 100 + Number(found[2] ?? 0)
  const isThird = version >= 300
  const byBudget = version >= 205 ? 'budget' : 'never'
  return {
    thinks: isThird ? 'level' : byBudget,
    alwaysThinks: isThird || (model ?? '').includes('-pro'),
    takesFormatWithTools: isThird,
    wantsSignatures: isThird,
  }
}
