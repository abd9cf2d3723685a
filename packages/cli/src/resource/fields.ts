/** A JSON object, as it is sent and comes back. */
export type Fields = Readonly<Record<string, unknown>>
