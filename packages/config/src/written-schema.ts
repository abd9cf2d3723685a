import type { TSchema } from '@sluice/kernel'

/** A schema as it is for whoever writes: what has a default need not be written. A copy. */
export function writtenSchema(schema: TSchema): Record<string, unknown> {
  return copyOf(schema) as Record<string, unknown>
}

function copyOf(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(copyOf)
  if (typeof schema !== 'object' || schema === null) return schema
  const copy = Object.fromEntries(Object.entries(schema).map(([name, member]) => [name, name === 'default' || name === 'enum' ? member : copyOf(member)]))
  const { required, properties } = schema as { readonly required?: unknown; readonly properties?: Readonly<Record<string, unknown>> }
  // A property may be called `required`, too.
  if (!Array.isArray(required) || !properties) return copy
  const left = (required as string[]).filter((name) => !hasDefault(properties[name]))
  if (left.length > 0) return { ...copy, required: left }
  const { required: _required, ...rest } = copy
  return rest
}

function hasDefault(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && 'default' in schema
}
