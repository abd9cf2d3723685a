import { MetaSchema, type Plugin, type TSchema } from '@sluice/kernel'
import { GatewaySchema } from './gateway-schema.ts'
import { httpProxy } from './http-proxy-config.ts'
import { kinds, type Kind } from './kind.ts'
import { schemaOf } from './schema-of.ts'
import { writtenSchema } from './written-schema.ts'

type JsonSchema = Readonly<Record<string, unknown>>

/**
 * The JSON Schema of a configuration file, with the configurations of these plugins: editors complete and check a file by
 * it. Of plugins that it does not know it lets anything pass. https://json-schema.org/draft-07
 */
export function fileJsonSchema(plugins: Iterable<Plugin>): JsonSchema {
  const known = [...plugins].filter(({ name }) => name !== httpProxy).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const lists = kinds.filter((kind) => kind !== 'credentials' && kind !== 'plugin_metadata')
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of Sluice',
    type: 'object',
    properties: {
      version: { type: ['string', 'number'], description: 'Of the format; not looked at.' },
      gateway: plain(GatewaySchema),
      ...Object.fromEntries(lists.map((kind) => [kind, { type: 'array', items: itemOf(kind) }])),
      plugin_metadata: { type: ['object', 'array'], description: 'Settings of a plugin for the whole process, by its name.', properties: metadataOf(known) },
    },
    additionalProperties: false,
    definitions: {
      meta: plain(MetaSchema),
      upstream: plain(schemaOf.upstreams),
      plugins: { type: 'object', properties: Object.fromEntries(known.map((plugin) => [plugin.name, withMeta(plugin.schema)])) },
      consumer_plugins: { type: 'object', properties: Object.fromEntries(known.map((plugin) => [plugin.name, withMeta(plugin.consumerSchema ?? plugin.schema)])) },
    },
  }
}

function itemOf(kind: Exclude<Kind, 'plugin_metadata'>): JsonSchema {
  if (kind === 'consumers') return { anyOf: [resource('consumers', 'consumer_plugins'), resource('credentials', 'consumer_plugins')] }
  return resource(kind, 'plugins')
}

/** A resource, with plugins and upstreams as they are checked. */
function resource(kind: Exclude<Kind, 'plugin_metadata'>, plugins: 'plugins' | 'consumer_plugins'): JsonSchema {
  const schema = plain(schemaOf[kind]) as { readonly properties?: JsonSchema }
  const { properties = {} } = schema
  return {
    ...schema,
    properties: {
      ...properties,
      ...('plugins' in properties && { plugins: { $ref: `#/definitions/${plugins}` } }),
      ...('upstream' in properties && { upstream: { $ref: '#/definitions/upstream' } }),
    },
  }
}

function metadataOf(plugins: readonly Plugin[]): JsonSchema {
  return Object.fromEntries(plugins.flatMap(({ name, metadataSchema }) => (metadataSchema ? [[name, plain(metadataSchema)]] : [])))
}

/** A plugin's configuration may have a `_meta`, whatever else it takes. */
function withMeta(schema: TSchema): JsonSchema {
  const own = plain(schema)
  return { ...own, properties: { ...(own['properties'] as JsonSchema | undefined), _meta: { $ref: '#/definitions/meta' } } }
}

/** Without the words that only the check here knows. */
function plain(schema: TSchema): JsonSchema {
  return withoutOurs(writtenSchema(schema)) as JsonSchema
}

const ours: ReadonlySet<string> = new Set(['unsupported', 'secret', 'expects', 'discriminator'])

function withoutOurs(value: unknown, isProperties = false): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutOurs(item))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([name]) => isProperties || !ours.has(name))
  return Object.fromEntries(members.map(([name, member]) => [name, name === 'default' && !isProperties ? member : withoutOurs(member, name === 'properties' && !isProperties)]))
}
