/** Tokens of one answer, as the provider counted them; what it did not tell is 0. */
export interface Usage {
  /** As reported: Anthropic leaves out what was read from or written to the cache, the others count it in. */
  promptTokens: number
  completionTokens: number
  totalTokens: number
  cacheReadTokens: number
  cacheCreationTokens: number
  /** Part of `completionTokens` with nearly every provider. */
  reasoningTokens: number
}
