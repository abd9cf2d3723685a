import { Type, type TSchema, type TUnsafe } from '@sinclair/typebox'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { Issue } from './errors.ts'
import { nearestOf } from './nearest-of.ts'

declare module '@sinclair/typebox' {
  interface SchemaOptions {
    /** Members (of an enum: values) that users of this family know and we do not have yet: refused by a text of their own. */
    unsupported?: readonly string[]
    /** A credential: shown redacted wherever the configuration is shown. */
    secret?: boolean
    /** What a text that `pattern` refuses should have been, in words: `must be ${expects}`. */
    expects?: string
  }
}

/** A string out of a fixed few. Unlike a union of literals, it fails with one readable message. */
export function oneOf<const T extends string>(values: readonly T[], options: object = {}): TUnsafe<T> {
  return Type.Unsafe<T>({ ...options, type: 'string', enum: [...values] })
}

// Strict, so that a misspelt keyword in a plugin's schema is found; but `anyOf` of `required` alone is a common way to ask for one of two.
const ajv = new Ajv({
  allErrors: true,
  useDefaults: true,
  discriminator: true,
  verbose: true,
  strict: true,
  strictRequired: false,
  allowUnionTypes: true,
})
ajv.addKeyword({ keyword: 'unsupported', metaSchema: { type: 'array', items: { type: 'string' } } })
ajv.addKeyword({ keyword: 'secret', metaSchema: { type: 'boolean' } })
ajv.addKeyword({ keyword: 'expects', metaSchema: { type: 'string' } })

const compiled = new WeakMap<TSchema, ValidateFunction>()

/** Problems of a schema itself; a user's plugin may bring any object. Undefined: it compiles. */
export function schemaProblem(schema: TSchema): string | undefined {
  try {
    validatorOf(schema)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Fills defaults into a copy of `value`; returns it with what is wrong with it, paths below `path`. */
export function check(schema: TSchema, value: unknown, path: Issue['path'] = []): { value: unknown; issues: Issue[] } {
  const copy = copyOf(value)
  const validate = validatorOf(schema)
  if (validate(copy)) return { value: copy, issues: [] }
  return { value: copy, issues: (validate.errors ?? []).filter(isTelling).map((error) => toIssue(error, path)) }
}

/** A tenth of the time that `structuredClone` takes, and with it of what a large configuration takes. */
function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copyOf)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return structuredClone(value)
  const copy: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(value)) {
    if (name === '__proto__') Object.defineProperty(copy, name, { value: copyOf(member), enumerable: true, writable: true, configurable: true })
    else copy[name] = copyOf(member)
  }
  return copy
}

function validatorOf(schema: TSchema): ValidateFunction {
  let validate = compiled.get(schema)
  if (!validate) {
    validate = ajv.compile(schema)
    compiled.set(schema, validate)
  }
  return validate
}

// `if` reports that a branch failed beside what failed in it.
function isTelling({ keyword }: ErrorObject): boolean {
  return keyword !== 'if'
}

function toIssue(error: ErrorObject, base: Issue['path']): Issue {
  const path = [...base, ...stepsOf(error)]
  const { params } = error
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownMember(error, path)
    case 'required':
      return { path: [...path, String(params['missingProperty'])], message: 'is required' }
    case 'dependencies':
      return { path: [...path, String(params['missingProperty'])], message: `is required beside ${String(params['property'])}` }
    case 'enum':
      return { path, message: notListed(error) }
    case 'const':
      return { path, message: `must be ${JSON.stringify(params['allowedValue'])}` }
    case 'minLength':
      return { path, message: params['limit'] === 1 ? 'must not be empty' : (error.message ?? 'is too short') }
    case 'minItems':
      return { path, message: params['limit'] === 1 ? 'must not be empty' : (error.message ?? 'is too short') }
    case 'pattern':
      return { path, message: expected(error) }
    case 'type':
      return { path, message: `must be ${String(params['type']).replaceAll(',', ' or ')}` }
    case 'propertyNames':
      return { path: [...path, String(params['propertyName'])], message: 'is not a valid name here' }
    default:
      return { path, message: error.message ?? error.keyword }
  }
}

function notListed({ params, parentSchema, data }: ErrorObject): string {
  const unsupported = (parentSchema as TSchema | undefined)?.['unsupported'] as readonly unknown[] | undefined
  if (unsupported?.includes(data)) return `${String(data)} is not supported yet`
  const allowed = params['allowedValues'] as unknown[]
  return `must be one of ${allowed.join(', ')}${hint(String(data), allowed.map(String))}`
}

function expected({ message = 'is not as it must be', parentSchema }: ErrorObject): string {
  const expects = (parentSchema as TSchema | undefined)?.['expects'] as string | undefined
  return expects === undefined ? message : `must be ${expects}`
}

function unknownMember({ params, parentSchema }: ErrorObject, path: Issue['path']): Issue {
  const name = String(params['additionalProperty'])
  const { unsupported = [], properties = {}, patternProperties } = parentSchema as ObjectSchema
  const at = [...path, name]
  if (unsupported.includes(name)) return { path: at, message: 'is not supported yet' }
  if (patternProperties) return { path: at, message: 'is not a valid name here' }
  return { path: at, message: `is not a known field${hint(name, [...Object.keys(properties), ...unsupported])}` }
}

interface ObjectSchema {
  readonly unsupported?: readonly string[]
  readonly properties?: object
  readonly patternProperties?: object
}

function hint(name: string, candidates: readonly string[]): string {
  const nearest = nearestOf(name, candidates)
  return nearest === undefined ? '' : `; did you mean ${nearest}?`
}

/** JSON Pointer to steps; digits below an array are indexes. */
function stepsOf({ instancePath }: ErrorObject): (string | number)[] {
  if (instancePath === '') return []
  return instancePath
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step) => (/^(0|[1-9]\d*)$/.test(step) ? Number(step) : step))
}
