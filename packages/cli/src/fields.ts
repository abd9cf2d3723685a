/** A JSON object, as it is sent and comes back. */
export type Fields = Readonly<Record<string, unknown>>

/** Neither a list nor null. Here, and not from the package that reads configurations: most commands need none of it, and start in half the time. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
