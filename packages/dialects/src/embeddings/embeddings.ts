/** The pivot of embeddings: what a client wants to have embedded. */
export interface EmbeddingsRequest {
  model?: string
  /** At least one, and none is empty. */
  inputs: string[]
  dimensions?: number
  /** Further members of OpenAI's, such as `user`. */
  others?: Readonly<Record<string, unknown>>
}

/** What a provider made of it. */
export interface EmbeddingsAnswer {
  model: string
  /** One for each input, in their order. */
  vectors: number[][]
  /** Tokens of all inputs; undefined where the provider does not count. */
  tokens?: number
}
