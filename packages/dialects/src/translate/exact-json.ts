/** JSON that is written as it was read: https://github.com/tc39/proposal-json-parse-with-source. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown }

type Reviver = (name: string, value: unknown, context: { source?: string }) => unknown

const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => unknown

const longNumber = /\d{16}/
const longInteger = /^-?\d{16,}$/

/** Whether a text may hold whole numbers that `JSON.parse` would change: ids of nineteen digits are common in calls of tools. */
export function hasLongNumbers(json: string): boolean {
  return longNumber.test(json)
}

/** As `JSON.parse`, but for whole numbers that a double cannot hold: they are written again as they came. */
export function parseExact(json: string): unknown {
  return hasLongNumbers(json) ? parseWithSource(json, exactly) : JSON.parse(json)
}

function exactly(_name: string, value: unknown, { source = '' }: { source?: string }): unknown {
  return typeof value === 'number' && longInteger.test(source) && String(value) !== source ? rawJSON(source) : value
}
