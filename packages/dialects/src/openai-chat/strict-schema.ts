import { isRecord } from '../is-record.ts'
import type { Json } from '../translate/json.ts'

const lists = ['anyOf', 'oneOf', 'allOf'] as const
const maps = ['properties', '$defs', 'definitions'] as const

/** A JSON Schema as OpenAI's strict mode wants it: every object closed, and all of its properties required. */
export function strictSchema(schema: Json): Json {
  const strict: Json = { ...schema }
  for (const name of maps) if (isRecord(strict[name])) strict[name] = each(strict[name])
  for (const name of lists) {
    const options = strict[name]
    if (Array.isArray(options)) strict[name] = options.map(strictOrAsItIs)
  }
  if (strict['items'] !== undefined) strict['items'] = strictOrAsItIs(strict['items'])
  if (isRecord(strict['properties'])) {
    strict['additionalProperties'] = false
    strict['required'] = Object.keys(strict['properties']).toSorted()
  }
  return strict
}

function strictOrAsItIs(schema: unknown): unknown {
  return isRecord(schema) ? strictSchema(schema) : schema
}

function each(schemas: Json): Json {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, strictOrAsItIs(schema)]))
}
