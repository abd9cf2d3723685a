import { isObject, type JsonObject } from './json-object.ts'

/** Deeper than this, only what a schema requires is filled in; twice as deep, nothing is. */
const comfortableDepth = 6

/** A schema can name more values than anybody wants to read. */
const maxValues = 2_000

interface Walk {
  readonly root: JsonObject
  left: number
}

/** A value that fits a JSON Schema, always the same one. Patterns and `not` are not followed. */
export function exampleValue(schema: unknown): unknown {
  return example(schema, { root: isObject(schema) ? schema : {}, left: maxValues }, 0)
}

function example(schema: unknown, walk: Walk, depth: number): unknown {
  if (!isObject(schema) || walk.left-- <= 0 || depth > 2 * comfortableDepth) return null
  if ('const' in schema) return schema['const']
  const given = [schema['enum'], schema['examples']].find((list) => Array.isArray(list) && list.length > 0)
  if (Array.isArray(given)) return given[0]
  if ('default' in schema) return schema['default']
  if (typeof schema['$ref'] === 'string') return example(follow(schema['$ref'], walk.root), walk, depth + 1)
  const choice = [schema['anyOf'], schema['oneOf']].find((list) => Array.isArray(list) && list.length > 0)
  if (Array.isArray(choice)) return example(merge(schema, [choice[0]], walk.root), walk, depth + 1)
  if (Array.isArray(schema['allOf']))
    return example(merge(schema, schema['allOf'], walk.root), walk, depth + 1)
  return ofType(schema, walk, depth)
}

function ofType(schema: JsonObject, walk: Walk, depth: number): unknown {
  switch (typeOf(schema)) {
    case 'object':
      return exampleObject(schema, walk, depth)
    case 'array':
      return exampleArray(schema, walk, depth)
    case 'string':
      return exampleString(schema)
    case 'integer':
      return exampleNumber(schema, 1)
    case 'number':
      return exampleNumber(schema, numberOr(schema['multipleOf'], 0.5))
    case 'boolean':
      return true
    default:
      return null
  }
}

function typeOf(schema: JsonObject): unknown {
  const { type } = schema
  if (Array.isArray(type)) return type.find((one) => one !== 'null') ?? 'null'
  // Gemini's types are in upper case.
  if (type !== undefined) return typeof type === 'string' ? type.toLowerCase() : type
  if ('properties' in schema) return 'object'
  return 'items' in schema ? 'array' : 'string'
}

function exampleObject(schema: JsonObject, walk: Walk, depth: number): JsonObject {
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const required = new Set<unknown>(Array.isArray(schema['required']) ? schema['required'] : [])
  const wanted = Object.keys(properties).filter((name) => depth < comfortableDepth || required.has(name))
  // Not an object literal that is filled by assignment: a property may be called `__proto__`.
  return Object.fromEntries(
    wanted.slice(0, Math.max(walk.left, 0)).map((name) => [name, example(properties[name], walk, depth + 1)]),
  )
}

function exampleArray(schema: JsonObject, walk: Walk, depth: number): unknown[] {
  const first = Array.isArray(schema['prefixItems']) ? schema['prefixItems'].slice(0, 32) : []
  const least = Math.min(numberOr(schema['minItems'], 0), 32)
  const most = numberOr(schema['maxItems'], 32)
  const length = Math.min(
    Math.max(first.length, least, depth < comfortableDepth && 'items' in schema ? 1 : 0),
    most,
  )
  return Array.from({ length: Math.max(length, 0) }, (_, i) =>
    example(first[i] ?? schema['items'], walk, depth + 1),
  )
}

/** https://json-schema.org/draft/2020-12/json-schema-validation#section-7.3 */
const formats: Readonly<Record<string, string>> = {
  'date-time': '2026-01-02T03:04:05Z',
  date: '2026-01-02',
  time: '03:04:05Z',
  duration: 'P1D',
  email: 'someone@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  uuid: '6f1c24a4-1f6b-4c2e-9d3a-0a5b7c8d9e0f',
}

function exampleString(schema: JsonObject): string {
  const { format, title } = schema
  if (typeof format === 'string' && Object.hasOwn(formats, format)) return formats[format] ?? ''
  const text = typeof title === 'string' && title !== '' ? title.slice(0, 64) : 'example'
  const least = Math.min(numberOr(schema['minLength'], 0), 1_000)
  return text.padEnd(least, '.').slice(0, numberOr(schema['maxLength'], 1_000))
}

function exampleNumber(schema: JsonObject, step: number): number {
  const multiple = Math.abs(numberOr(schema['multipleOf'], step)) || step
  const above = numberOr(schema['exclusiveMinimum'], -Infinity)
  const least = Math.max(numberOr(schema['minimum'], -Infinity), above)
  const below = numberOr(schema['exclusiveMaximum'], Infinity)
  const most = Math.min(numberOr(schema['maximum'], Infinity), below)
  const within = (value: number) => value > above && value >= least && value < below && value <= most
  const lowest = Math.ceil(least / multiple) * multiple
  const highest = Math.floor(most / multiple) * multiple
  const fitting = [
    multiple,
    0,
    lowest,
    lowest + multiple,
    highest,
    highest - multiple,
    (least + most) / 2,
    least,
  ]
  return fitting.find((value) => Number.isFinite(value) && within(value)) ?? 0
}

/** Only references into the schema itself: `#/$defs/Address`. */
function follow(reference: string, root: JsonObject): unknown {
  if (reference === '#') return root
  let at: unknown = root
  for (const step of reference.slice(0, 1_000).split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as JsonObject)[name]
  }
  return at
}

/** One schema out of a base and its alternatives; what `$ref` names is put in its place. */
function merge(base: JsonObject, others: readonly unknown[], root: JsonObject): JsonObject {
  const { allOf: _all, anyOf: _any, oneOf: _one, ...merged } = base
  return others.slice(0, 32).reduce<JsonObject>((into, other) => {
    const found = isObject(other) && typeof other['$ref'] === 'string' ? follow(other['$ref'], root) : other
    if (!isObject(found)) return into
    const properties = { ...objectOr(into['properties']), ...objectOr(found['properties']) }
    return { ...into, ...found, ...(Object.keys(properties).length > 0 && { properties }) }
  }, merged)
}

function objectOr(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}
