/** An object out of a body that was parsed and not yet looked at. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Says whether a parsed value is an object, and no array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects in a list; nothing where it is no list. */
export function objectsIn(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
