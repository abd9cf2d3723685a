import type { Dice } from '../../../test/support/fuzz.ts'

type Json = Readonly<Record<string, unknown>>

/** One operation of an OpenAPI document. */
export interface Operation {
  readonly method: string
  /** With `{names}`. */
  readonly path: string
  readonly query: readonly { readonly name: string; readonly schema: Json }[]
  readonly body: Json | undefined
}

export function operationsIn(document: Json): Operation[] {
  const paths = document['paths'] as Readonly<Record<string, Readonly<Record<string, Json>>>>
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]) => {
      if (method === 'parameters') return []
      const content = (operation['requestBody'] as Json | undefined)?.['content'] as Readonly<Record<string, Json>> | undefined
      return [{ method: method.toUpperCase(), path, query: (operation['parameters'] ?? []) as Operation['query'], body: content?.['application/json']?.['schema'] as Json | undefined }]
    }),
  )
}

/** What nobody writes on purpose. */
const strange: readonly unknown[] = [null, '', 0, -1, 1e308, true, [], {}, 'x'.repeat(5_000), '\0', '__proto__', 'constructor', '********', '$env://NOTHING', '$secret://a/b', '${{X}}', [[[[]]]], { a: { b: {} } }, '..', 'ünïcödé', '\ud800']
const texts = ['a', 'b', '1', '/x', '/x/*', 'http://127.0.0.1:9', 'a.test', '127.0.0.1', 'openai', 'vault/1', 'key-auth', 'bob', 'bob/credentials/a']

/** Makes values that fit schemas for the most part. */
export class Sampler {
  readonly #dice: Dice
  readonly #schemas: Readonly<Record<string, Json>>

  constructor(dice: Dice, document: Json) {
    this.#dice = dice
    this.#schemas = (document['components'] as Json)['schemas'] as Readonly<Record<string, Json>>
  }

  value(schema: Json, depth = 0): unknown {
    const dice = this.#dice
    if (dice.perhaps(4)) return dice.pick(strange)
    if ('$ref' in schema) return this.value(this.#schemas[String(schema['$ref']).split('/').at(-1) ?? ''] ?? {}, depth)
    if ('allOf' in schema) return Object.assign({}, ...(schema['allOf'] as Json[]).map((part) => this.value(part, depth))) as unknown
    for (const key of ['anyOf', 'oneOf']) if (key in schema) return this.value(dice.pick(schema[key] as Json[]), depth)
    if ('enum' in schema) return dice.pick(schema['enum'] as unknown[])
    if ('const' in schema) return schema['const']
    const type = Array.isArray(schema['type']) ? dice.pick(schema['type'] as unknown[]) : schema['type']
    switch (type) {
      case 'string':
        return dice.pick(texts)
      case 'integer':
      case 'number':
        return dice.pick([1, 2, 80, Number(schema['minimum'] ?? 0), Number(schema['maximum'] ?? 5)])
      case 'boolean':
        return dice.perhaps(50)
      case 'array':
        return depth > 6 ? [] : dice.some(2, () => this.value((schema['items'] ?? {}) as Json, depth + 1))
      case 'object':
        return this.#object(schema, depth)
      default:
        return dice.pick([...strange, 'text', { uri: '/x' }, [{ op: 'add', path: '/desc', value: 'x' }]])
    }
  }

  #object({ properties = {}, required = [], additionalProperties }: { readonly properties?: Json; readonly required?: readonly string[]; readonly additionalProperties?: unknown }, depth: number): Json {
    const dice = this.#dice
    const members = Object.entries(properties as Readonly<Record<string, Json>>).filter(([name]) => required.includes(name) || (depth < 6 && dice.perhaps(25)))
    const own = members.map(([name, schema]) => [name, this.value(schema, depth + 1)] as const)
    const more = typeof additionalProperties === 'object' ? dice.some(1, () => [dice.pick(texts), this.value(additionalProperties as Json, depth + 1)] as const) : []
    return Object.fromEntries([...own, ...more])
  }
}
