import type { Json } from '../translate/json.ts'

/** A member by its name in camel case; Google's servers read the same name in snake case too. */
export function member(json: Json, name: string): unknown {
  return json[name] ?? json[snakeCase(name)]
}

const known = new Map<string, string>()

/** The few names that are asked for, each worked out once. */
function snakeCase(name: string): string {
  const before = known.get(name)
  if (before !== undefined) return before
  const snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  known.set(name, snake)
  return snake
}
