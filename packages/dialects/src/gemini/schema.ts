import { isRecord } from '../is-record.ts'
import type { Json } from '../translate/json.ts'

/** What Gemini's own schema knows: https://ai.google.dev/api/caching#Schema */
const words: ReadonlySet<string> = new Set([
  'type', 'format', 'title', 'description', 'nullable', 'enum', 'maxItems', 'minItems', 'properties', 'required',
  'minProperties', 'maxProperties', 'minLength', 'maxLength', 'pattern', 'example', 'anyOf', 'propertyOrdering',
  'items', 'minimum', 'maximum',
])
const types: ReadonlySet<unknown> = new Set(['string', 'number', 'integer', 'boolean', 'array', 'object'])
const stringFormats: ReadonlySet<unknown> = new Set(['enum', 'date-time'])

/** Whether Gemini's schema says all that this JSON Schema says. What it does not know it refuses, so nothing may be left over. */
export function isGeminiSchema(schema: unknown): boolean {
  if (!isRecord(schema)) return false
  const { type, format, enum: values, properties, items, anyOf } = schema
  if (!types.has(type) && !Array.isArray(anyOf)) return false
  if (Object.keys(schema).some((name) => !words.has(name))) return false
  if (format !== undefined && type === 'string' && !stringFormats.has(format)) return false
  if (values !== undefined && !(type === 'string' && Array.isArray(values) && values.every((value) => typeof value === 'string' && value !== ''))) return false
  if (properties !== undefined && !(isRecord(properties) && Object.keys(properties).length > 0 && Object.values(properties).every(isGeminiSchema))) return false
  if (anyOf !== undefined && !(Array.isArray(anyOf) && anyOf.every(isGeminiSchema))) return false
  return type === 'array' ? isGeminiSchema(items) : items === undefined
}

/** An object of which nothing is said: Gemini refuses it as the parameters of a function, which has none then. */
export function isEmptyObject(schema: Json): boolean {
  const { type, properties, additionalProperties, anyOf, oneOf, allOf, $ref } = schema
  if (type !== undefined && type !== 'object') return false
  if ([anyOf, oneOf, allOf, $ref].some((one) => one !== undefined) || isOpen(additionalProperties)) return false
  return properties === undefined || (isRecord(properties) && Object.keys(properties).length === 0)
}

function isOpen(more: unknown): boolean {
  return more === true || (isRecord(more) && Object.keys(more).length > 0)
}

const inner = ['items', 'additionalProperties'] as const
const lists = ['anyOf', 'oneOf', 'allOf', 'prefixItems'] as const
const numbers: ReadonlySet<string> = new Set(['minItems', 'maxItems', 'minProperties', 'maxProperties', 'minLength', 'maxLength'])

/** The JSON Schema that stands as one, or in Gemini's own words. */
export function schemaIn(plain: unknown, own: unknown): Json | undefined {
  if (isRecord(plain)) return plain
  return isRecord(own) ? jsonSchemaOf(own) : undefined
}

/** Gemini's schema as a JSON Schema: types in lower case, `nullable` as a type, 64-bit numbers as numbers. */
function jsonSchemaOf(schema: Json): Json {
  const { nullable, propertyOrdering: _order, property_ordering: _snake, ...others } = schema
  const read: Json = {}
  for (const [name, value] of Object.entries(others)) read[name] = numbers.has(name) && typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  if (typeof read['type'] === 'string') {
    const type = read['type'].toLowerCase()
    if (type === 'type_unspecified') delete read['type']
    else read['type'] = nullable === true ? [type, 'null'] : type
  }
  if (isRecord(read['properties'])) read['properties'] = mapped(read['properties'])
  for (const name of inner) if (isRecord(read[name])) read[name] = jsonSchemaOf(read[name])
  for (const name of lists) {
    const options = read[name]
    if (Array.isArray(options)) read[name] = options.map((one: unknown) => (isRecord(one) ? jsonSchemaOf(one) : one))
  }
  return read
}

function mapped(schemas: Json): Json {
  return Object.fromEntries(Object.entries(schemas).map(([name, one]) => [name, isRecord(one) ? jsonSchemaOf(one) : one]))
}
