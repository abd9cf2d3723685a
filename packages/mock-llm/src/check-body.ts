import { ApiError } from './api-error.ts'
import type { JsonObject } from './json-object.ts'

/** Reads an optional member of a body; throws a 400 that names it where its type is wrong. `null` counts as absent. */
export function booleanIn(body: JsonObject, name: string): boolean | undefined {
  const value = body[name] ?? undefined
  if (value === undefined || typeof value === 'boolean') return value
  throw wrong(name, 'a boolean', value)
}

export function stringIn(body: JsonObject, name: string): string | undefined {
  const value = body[name] ?? undefined
  if (value === undefined || typeof value === 'string') return value
  throw wrong(name, 'a string', value)
}

export function numberIn(body: JsonObject, name: string, { min, max }: Range): number | undefined {
  const value = body[name] ?? undefined
  if (value === undefined) return undefined
  if (typeof value !== 'number') throw wrong(name, 'a number', value)
  return inRange(value, { name, min, max, kind: 'decimal' })
}

export function integerIn(
  body: JsonObject,
  name: string,
  { min, max = Infinity }: Partial<Range> & { min: number },
) {
  const value = body[name] ?? undefined
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrong(name, 'an integer', value)
  return inRange(value, { name, min, max, kind: 'integer' })
}

function inRange(value: number, { name, min, max, kind }: Range & { name: string; kind: string }): number {
  const got = `but got ${value} instead`
  if (value < min) throw outside(name, `expected a value >= ${min}, ${got}`, `${kind}_below_min_value`)
  if (value > max) throw outside(name, `expected a value <= ${max}, ${got}`, `${kind}_above_max_value`)
  return value
}

interface Range {
  readonly min: number
  readonly max: number
}

/** `stop` and its siblings: a string or a list of strings. */
export function stringsIn(body: JsonObject, name: string, most: number): readonly string[] {
  const value = body[name] ?? []
  const strings: unknown[] = Array.isArray(value) ? value : [value]
  if (!strings.every((one) => typeof one === 'string'))
    throw wrong(name, 'a string or an array of strings', value)
  if (strings.length > most) throw outside(name, `expected at most ${most} items`, 'array_above_max_length')
  return strings.filter((one) => one !== '')
}

/** The model of the body, or the deployment in Azure's path. */
export function modelOf(body: JsonObject, path: string): string {
  const model = stringIn(body, 'model') ?? /\/deployments\/([^/]+)\//.exec(path)?.[1]
  if (model) return model
  throw new ApiError(400, 'you must provide a model parameter', { param: 'model' })
}

function wrong(param: string, expected: string, value: unknown): ApiError {
  const got = Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
  return new ApiError(400, `Invalid type for '${param}': expected ${expected}, but got ${got} instead.`, {
    param,
    code: 'invalid_type',
  })
}

function outside(param: string, complaint: string, code: string): ApiError {
  return new ApiError(400, `Invalid '${param}': ${complaint}.`, { param, code })
}
