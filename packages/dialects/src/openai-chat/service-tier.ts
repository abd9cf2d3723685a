const known: ReadonlySet<unknown> = new Set(['auto', 'default', 'flex', 'scale', 'priority', 'fast'])

/** The tier that served a request, where OpenAI's clients know its name. */
export function serviceTierOf(tier: unknown): string | undefined {
  return typeof tier === 'string' && known.has(tier) ? tier : undefined
}
