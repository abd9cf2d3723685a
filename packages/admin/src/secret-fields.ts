import { schemaOf, type Kind } from '@sluice/config'
import type { Kernel, Plugin, TSchema } from '@sluice/kernel'

/** JSON Schemas that one value must fit, all of them or any; what is secret in one is secret. */
export type Schemas = readonly TSchema[]

/** The schemas of resources, with those of the plugins in them. */
export class SecretFields {
  readonly #schemas = new Map<Kind, Schemas>()
  readonly #kernel: Kernel

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /** `id`: of plugin metadata the plugin. */
  of(kind: Kind, id: string): Schemas {
    if (kind === 'plugin_metadata') {
      const schema = this.#kernel.plugins.get(id)?.metadataSchema
      return schema ? [schema] : []
    }
    let schemas = this.#schemas.get(kind)
    if (!schemas) {
      // An upstream that stands in another resource is any object to its schema.
      const upstream = { properties: { tls: { properties: { client_key: { secret: true } } } } }
      schemas = [schemaOf[kind], { properties: { plugins: this.#plugins(kind), upstream } } as unknown as TSchema]
      this.#schemas.set(kind, schemas)
    }
    return schemas
  }

  #plugins(kind: Kind): object {
    const isConsumers = kind === 'consumers' || kind === 'credentials'
    const schema = ({ schema: own, consumerSchema }: Plugin): TSchema => (isConsumers && consumerSchema ? ({ allOf: [own, consumerSchema] } as unknown as TSchema) : own)
    // Of a plugin that nobody knows everything may be a secret.
    return { properties: Object.fromEntries([...this.#kernel.plugins].map(([name, plugin]) => [name, schema(plugin)])), additionalProperties: { secret: true } }
  }
}

/** What is done with a value that is secret; `stored`: what the store has in its place. */
export type Change = (value: unknown, stored: unknown, path: readonly (string | number)[]) => unknown

/** A value with every secret in it changed; the same object where nothing is. Elements of lists belong together by name or id, else by their place. */
export function changeSecrets(schemas: Schemas, value: unknown, change: Change, stored: unknown = undefined, path: readonly (string | number)[] = []): unknown {
  if (schemas.length === 0) return value
  const all = flattened(schemas)
  if (all.some((schema) => schema['secret'] === true)) return changeLeaves(value, change, stored, path)
  if (Array.isArray(value)) {
    const inner = all.flatMap((schema) => inList(schema))
    return mapList(value, (item, index) => changeSecrets(inner, item, change, counterpart(item, index, value, stored), [...path, index]))
  }
  if (!isObject(value)) return value
  return mapMembers(value, (member, name) => changeSecrets(all.flatMap((schema) => membersOf(schema, name)), member, change, memberOf(stored, name), [...path, name]))
}

function changeLeaves(value: unknown, change: Change, stored: unknown, path: readonly (string | number)[]): unknown {
  if (Array.isArray(value)) return mapList(value, (item, index) => changeLeaves(item, change, counterpart(item, index, value, stored), [...path, index]))
  if (isObject(value)) return mapMembers(value, (member, name) => changeLeaves(member, change, memberOf(stored, name), [...path, name]))
  return value === null ? value : change(value, stored, path)
}

/** What a list had in the place of an item: by a name where items have one, for otherwise a secret might come to another’s. */
function counterpart(item: unknown, index: number, list: readonly unknown[], stored: unknown): unknown {
  if (!Array.isArray(stored)) return undefined
  for (const key of ['name', 'id']) {
    const own = memberOf(item, key)
    if (own !== undefined) return stored.find((one) => memberOf(one, key) === own)
  }
  return list.length === stored.length ? stored[index] : undefined
}

function flattened(schemas: Schemas): readonly TSchema[] {
  return schemas.flatMap((schema) => {
    const parts = ['allOf', 'anyOf', 'oneOf'].flatMap((key) => (schema[key] as Schemas | undefined) ?? [])
    const branches = ['then', 'else', 'if'].flatMap((key) => (isObject(schema[key]) ? [schema[key] as unknown as TSchema] : []))
    return [schema, ...flattened([...parts, ...branches])]
  })
}

function inList({ items }: TSchema): Schemas {
  if (Array.isArray(items)) return items as Schemas
  return isObject(items) ? [items as unknown as TSchema] : []
}

function membersOf(schema: TSchema, name: string): Schemas {
  const { properties = {}, patternProperties = {}, additionalProperties } = schema as {
    readonly properties?: Readonly<Record<string, TSchema>>
    readonly patternProperties?: Readonly<Record<string, TSchema>>
    readonly additionalProperties?: unknown
  }
  const named = Object.hasOwn(properties, name) ? [properties[name] as TSchema] : []
  const matching = Object.entries(patternProperties).flatMap(([pattern, one]) => (new RegExp(pattern, 'u').test(name) ? [one] : []))
  const found = [...named, ...matching]
  return found.length === 0 && isObject(additionalProperties) ? [additionalProperties as unknown as TSchema] : found
}

function mapList(list: readonly unknown[], change: (item: unknown, index: number) => unknown): unknown {
  const changed = list.map(change)
  return changed.some((item, index) => item !== list[index]) ? changed : list
}

function mapMembers(object: Readonly<Record<string, unknown>>, change: (member: unknown, name: string) => unknown): unknown {
  const entries = Object.entries(object)
  const changed = entries.map(([name, member]) => [name, change(member, name)] as const)
  return changed.some(([, member], index) => member !== entries[index]?.[1]) ? Object.fromEntries(changed) : object
}

function memberOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
