const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i
const hexadecimal = /^([+-]?)(0x[\da-f]+)$/i

/**
 * The number that a value stands for in a comparison, by the rules of Lua's `tonumber`: `' 0x1F '` is one, `''`,
 * `true` and `'inf'` are not.
 */
export function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  if (decimal.test(text)) return Number(text)
  const [, sign, digits] = hexadecimal.exec(text) ?? []
  return digits === undefined ? undefined : Number(digits) * (sign === '-' ? -1 : 1)
}
