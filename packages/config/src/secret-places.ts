import type { TSchema } from '@sluice/kernel'

/** JSON Schemas that one value must fit, all of them or any; what is secret in one is secret. */
type Schemas = readonly TSchema[]

/** Where secrets stand below a value; what leads to none is left out. */
export interface SecretPlaces {
  /** All of it. */
  readonly isSecret: boolean
  /** By name; undefined: there are none below. */
  readonly members: ReadonlyMap<string, SecretPlaces | undefined>
  readonly matching: readonly (readonly [pattern: RegExp, places: SecretPlaces])[]
  /** Members that have no name of their own. */
  readonly others: SecretPlaces | undefined
  readonly items: SecretPlaces | undefined
}

/** Finds them in schemas; undefined: there are none. */
export function secretPlaces(schemas: Schemas): SecretPlaces | undefined {
  const all = flattened(schemas)
  if (all.length === 0) return undefined
  if (all.some((schema) => schema['secret'] === true)) return whole
  const names = new Set(all.flatMap(({ properties }) => Object.keys((properties as object | undefined) ?? {})))
  const members = new Map([...names].map((name) => [name, secretPlaces(all.flatMap((schema) => namedIn(schema, name)))]))
  const patterns = all.flatMap(({ patternProperties }) => Object.entries((patternProperties as Readonly<Record<string, TSchema>> | undefined) ?? {}))
  const matching = patterns.flatMap(([pattern, schema]) => {
    const places = secretPlaces([schema])
    return places ? [[new RegExp(pattern, 'u'), places] as const] : []
  })
  const others = secretPlaces(all.flatMap(({ additionalProperties }) => asSchemas(additionalProperties)))
  const items = secretPlaces(all.flatMap((schema) => asSchemas(schema['items'])))
  if ([...members.values()].every((places) => !places) && matching.length === 0 && !others && !items) return undefined
  return { isSecret: false, members, matching, others, items }
}

const whole: SecretPlaces = { isSecret: true, members: new Map(), matching: [], others: undefined, items: undefined }

/** What is done with a value that is secret; `stored`: what the store has in its place. */
export type Change = (value: unknown, stored: unknown, path: readonly (string | number)[]) => unknown

/** A value with every secret in it changed; the same object where nothing is. Elements of lists belong together by name or id, else by their place. */
export function changeSecrets(places: SecretPlaces | undefined, value: unknown, change: Change, stored: unknown = undefined, path: readonly (string | number)[] = []): unknown {
  if (!places) return value
  if (Array.isArray(value)) {
    const inner = places.isSecret ? places : places.items
    return inner ? mapList(value, (item, index) => changeSecrets(inner, item, change, counterpart(item, index, value, stored), [...path, index])) : value
  }
  if (isObject(value)) return mapMembers(value, (member, name) => changeSecrets(below(places, name), member, change, memberOf(stored, name), [...path, name]))
  return places.isSecret && value !== null ? change(value, stored, path) : value
}

function below(places: SecretPlaces, name: string): SecretPlaces | undefined {
  if (places.isSecret) return places
  if (places.members.has(name)) return places.members.get(name)
  return places.matching.find(([pattern]) => pattern.test(name))?.[1] ?? places.others
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
    const branches = ['then', 'else', 'if'].flatMap((key) => asSchemas(schema[key]))
    return [schema, ...flattened([...parts, ...branches])]
  })
}

function asSchemas(schema: unknown): Schemas {
  if (Array.isArray(schema)) return schema as Schemas
  return isObject(schema) ? [schema as unknown as TSchema] : []
}

function namedIn({ properties, additionalProperties }: TSchema, name: string): Schemas {
  const named = properties as Readonly<Record<string, TSchema>> | undefined
  if (named && Object.hasOwn(named, name)) return asSchemas(named[name])
  return asSchemas(additionalProperties)
}

function mapList(list: readonly unknown[], change: (item: unknown, index: number) => unknown): unknown {
  const changed = list.map(change)
  return changed.some((item, index) => item !== list[index]) ? changed : list
}

/** Copies where a member has changed. */
function mapMembers(object: Readonly<Record<string, unknown>>, change: (member: unknown, name: string) => unknown): unknown {
  let copy: [string, unknown][] | undefined
  const entries = Object.entries(object)
  for (const [index, [name, member]] of entries.entries()) {
    const changed = change(member, name)
    if (changed === member) continue
    copy ??= [...entries]
    copy[index] = [name, changed]
  }
  return copy ? Object.fromEntries(copy) : object
}

function memberOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
