/** One field of a schema, nested ones flattened: `timeout.connect`, `nodes[].host`, `labels.*`. */
export interface SchemaRow {
  readonly field: string
  readonly type: string
  readonly isRequired: boolean
  /** As JSON; undefined where there is none. */
  readonly default: string | undefined
  /** What its values may be, in words. */
  readonly range: string
  readonly description: string
  readonly isSecret: boolean
}

/** The parts of JSON Schema that schemas here are made of. */
interface Schema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly required?: readonly string[]
  readonly allOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly description?: string
  readonly secret?: boolean
  readonly unsupported?: readonly string[]
  readonly [keyword: string]: unknown
}

/** Rows for every field below an object schema, in the order in which they are declared. */
export function schemaRows(schema: object): SchemaRow[] {
  const rows = new Map<string, SchemaRow>()
  collect(schema as Schema, '', rows)
  return [...rows.values()]
}

/** Fields, and values of fields, that are known and refused: `checks`, `type: chash`. */
export function unsupportedIn(schema: object, prefix = ''): string[] {
  const { enum: values, unsupported = [] } = schema as Schema
  const own = unsupported.map((name) => (values ? `${prefix}: ${name}` : join(prefix, name)))
  const inner = membersOf(schema as Schema).flatMap(([field, member]) => unsupportedIn(member, join(prefix, field)))
  return [...new Set([...own, ...inner])]
}

function collect(schema: Schema, prefix: string, rows: Map<string, SchemaRow>): void {
  const required = new Set([schema, ...(schema.allOf ?? [])].flatMap((part) => part.required ?? []))
  for (const [name, member] of membersOf(schema)) {
    const field = join(prefix, name)
    // A container without a word of its own says nothing that its members do not say.
    if (isTelling(member) && !rows.has(field)) rows.set(field, rowOf(field, member, required.has(name)))
    collect(member, field, rows)
  }
}

/** What stands one step below a schema: members, those of any name (`*`), items (`[]`). */
function membersOf(schema: Schema): [string, Schema][] {
  const { properties = {}, patternProperties = {}, additionalProperties, items } = schema
  const any = [...Object.values(patternProperties), additionalProperties].find(
    (member): member is Schema => typeof member === 'object' && isTold(member),
  )
  const branches = [schema.allOf, schema.anyOf, schema.oneOf].flatMap((list) => list ?? [])
  return [
    ...Object.entries(properties),
    ...(any ? ([['*', any]] as [string, Schema][]) : []),
    ...(items && isTold(items) ? ([['[]', items]] as [string, Schema][]) : []),
    ...branches.flatMap(membersOf),
  ]
}

/** Whether there is more to tell of an inner schema than its type. */
function isTold({ description, secret, unsupported, ...schema }: Schema): boolean {
  return [description, secret, unsupported].some((word) => word !== undefined) || membersOf(schema).length > 0
}

function isTelling({ description, ...schema }: Schema): boolean {
  return description !== undefined || membersOf(schema).length === 0 || schema.enum !== undefined
}

function join(prefix: string, name: string): string {
  return prefix === '' || name === '[]' ? `${prefix}${name}` : `${prefix}.${name}`
}

function rowOf(field: string, schema: Schema, isRequired: boolean): SchemaRow {
  const hasDefault = schema.default !== undefined && JSON.stringify(schema.default) !== '{}'
  return {
    field,
    type: typeOf(schema),
    isRequired: isRequired && schema.default === undefined,
    default: hasDefault ? JSON.stringify(schema.default) : undefined,
    range: rangeOf(schema),
    description: schema.description ?? '',
    isSecret: schema.secret === true,
  }
}

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return typeof schema.const
  const branches = schema.anyOf ?? schema.oneOf
  if (branches) return [...new Set(branches.map(typeOf))].join(' or ')
  const { type } = schema
  if (type === 'array' && schema.items && typeOf(schema.items) !== 'any') return `array of ${typeOf(schema.items)}`
  if (typeof type === 'object') return type.join(' or ')
  return type ?? (schema.properties || schema.allOf ? 'object' : 'any')
}

function rangeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((value) => code(value)).join(', ')
  if (schema.const !== undefined) return code(schema.const)
  const words = bounds.flatMap(({ of, least, most }) => {
    const range = spanOf(schema[least], schema[most], least.startsWith('exclusive'))
    return range === '' ? [] : [`${of}${range}`]
  })
  if (typeof schema['expects'] === 'string') words.push(schema['expects'])
  else if (typeof schema['pattern'] === 'string') words.push(code(schema['pattern']))
  if (schema['uniqueItems'] === true) words.push('no two alike')
  if (schema.items?.enum) words.push(rangeOf(schema.items))
  const constants = [...new Set((schema.anyOf ?? schema.oneOf ?? []).map(rangeOf))].filter((range) => range !== '')
  return [...words, ...constants].join(', ')
}

const bounds = [
  { of: '', least: 'minimum', most: 'maximum' },
  { of: '', least: 'exclusiveMinimum', most: 'exclusiveMaximum' },
  { of: 'characters: ', least: 'minLength', most: 'maxLength' },
  { of: 'items: ', least: 'minItems', most: 'maxItems' },
  { of: 'members: ', least: 'minProperties', most: 'maxProperties' },
]

function spanOf(least: unknown, most: unknown, isOpen: boolean): string {
  if (least !== undefined && most !== undefined && !isOpen) return `${String(least)}–${String(most)}`
  const words = [
    ...(least === undefined ? [] : [`${isOpen ? '>' : '≥'} ${String(least)}`]),
    ...(most === undefined ? [] : [`${isOpen ? '<' : '≤'} ${String(most)}`]),
  ]
  return words.join(', ')
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}
