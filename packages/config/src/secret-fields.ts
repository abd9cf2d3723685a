import type { Kernel, Plugin, TSchema } from '@sluice/kernel'
import type { Kind } from './kind.ts'
import { schemaOf } from './schema-of.ts'
import { secretPlaces, type SecretPlaces } from './secret-places.ts'

/** Where secrets stand in resources, by the schemas of these and of the plugins in them. */
export class SecretFields {
  readonly #places = new Map<string, SecretPlaces | undefined>()
  readonly #kernel: Kernel

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /** `id`: of plugin metadata the plugin. */
  of(kind: Kind, id: string): SecretPlaces | undefined {
    const isMetadata = kind === 'plugin_metadata'
    if (isMetadata && !this.#kernel.plugins.has(id)) return undefined
    const key = isMetadata ? `${kind}/${id}` : kind
    if (!this.#places.has(key)) this.#places.set(key, secretPlaces(this.#schemas(kind, id)))
    return this.#places.get(key)
  }

  #schemas(kind: Kind, id: string): readonly TSchema[] {
    if (kind === 'plugin_metadata') {
      const schema = this.#kernel.plugins.get(id)?.metadataSchema
      return schema ? [schema] : []
    }
    // An upstream that stands in another resource is any object to its schema.
    const upstream = { properties: { tls: { properties: { client_key: { secret: true } } } } }
    return [schemaOf[kind], { properties: { plugins: this.#plugins(kind), upstream } } as unknown as TSchema]
  }

  #plugins(kind: Kind): object {
    const isConsumers = kind === 'consumers' || kind === 'credentials'
    const schema = ({ schema: own, consumerSchema }: Plugin): TSchema => (isConsumers && consumerSchema ? ({ allOf: [own, consumerSchema] } as unknown as TSchema) : own)
    // Of a plugin that nobody knows everything may be a secret.
    return { properties: Object.fromEntries([...this.#kernel.plugins].map(([name, plugin]) => [name, schema(plugin)])), additionalProperties: { secret: true } }
  }
}
