const toChat: ReadonlyMap<unknown, string> = new Map([
  ['standard', 'default'],
  ['priority', 'priority'],
])

/** The tier that served a request, which Anthropic tells within the usage, by OpenAI's name. */
export function serviceTierOf(usage: Readonly<Record<string, unknown>>): string | undefined {
  return toChat.get(usage['service_tier'])
}

/** The same by Anthropic's name; undefined for tiers that it does not have. */
export function serviceTierFor(tier: string | undefined): string | undefined {
  return [...toChat].find(([, name]) => name === tier)?.[0] as string | undefined
}
