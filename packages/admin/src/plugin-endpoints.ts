import { checkEntry, httpProxy, kinds, schemaOf, writtenSchema, type Kind } from '@sluice/config'
import { MetaSchema, Type, type Kernel, type Plugin, type TSchema } from '@sluice/kernel'
import { ok, type Answer } from './answer.ts'
import type { Call, WriteAnswer } from './call.ts'
import type { Endpoint } from './endpoint.ts'
import { refuse } from './refusal.ts'
import { textOf } from './refusal-of-issues.ts'
import { hasId } from './resource-type.ts'
import { isFields } from './write-resource.ts'

const admin = '/apisix/admin'

/** Plugins, and the schemas of plugins and resources. https://apisix.apache.org/docs/apisix/admin-api/#plugin */
export const pluginEndpoints: readonly Endpoint[] = [
  { method: 'GET', path: `${admin}/plugins/list`, summary: 'Lists the names of plugins, the highest priority first.', handler: ({ desk, query }) => ok(namesOf(desk.kernel, query)) },
  { method: 'GET', path: `${admin}/plugins`, summary: 'Shows every plugin with its schemas, where `all=true`.', handler: allPlugins },
  { method: 'PUT', path: `${admin}/plugins/reload`, summary: 'Does nothing: plugins are loaded when the gateway starts.', handler: () => ({ status: 200, body: 'done', headers: { 'content-type': 'text/plain' } }) },
  { method: 'GET', path: `${admin}/plugins/:name`, summary: 'Shows the schema of a plugin’s configuration.', handler: pluginSchema },
  { method: 'GET', path: `${admin}/schema/plugins/:name`, summary: 'Shows the schema of a plugin’s configuration.', handler: pluginSchema },
  { method: 'GET', path: `${admin}/schema/:type`, summary: 'Shows the schema of a kind of resources, by its name in the singular.', handler: typeSchema },
  { method: 'POST', path: `${admin}/schema/validate/:type`, summary: 'Checks a resource without writing it; what it refers to is not looked at.', handler: validate, body: Type.Object({}) },
]

/** Those that users write, the highest priority first. */
export function pluginsOf(kernel: Kernel): readonly Plugin[] {
  return [...kernel.plugins.values()].filter(({ name }) => name !== httpProxy).toSorted((a, b) => b.priority - a.priority)
}

/** What is told of a plugin; as it may be written, `_meta` included. */
export function describePlugin({ schema, metadataSchema, consumerSchema, priority, authenticates }: Plugin): object {
  return {
    schema: withMeta(schema),
    ...(metadataSchema && { metadata_schema: writtenSchema(metadataSchema) }),
    ...(consumerSchema && { consumer_schema: writtenSchema(consumerSchema) }),
    priority,
    version: 1,
    ...(authenticates && { type: 'auth' }),
  }
}

function namesOf(kernel: Kernel, query: URLSearchParams): string[] {
  return isStream(query) ? [] : pluginsOf(kernel).map(({ name }) => name)
}

function isStream(query: URLSearchParams): boolean {
  return query.get('subsystem') === 'stream'
}

function allPlugins({ desk, query }: Call): Answer {
  if (query.get('all') !== 'true') throw refuse(400, 'not found plugin name; name one in the path, or ask for all=true')
  const all = isStream(query) ? [] : pluginsOf(desk.kernel)
  return ok(Object.fromEntries(all.map((plugin) => [plugin.name, describePlugin(plugin)])))
}

function pluginSchema({ desk, params, query }: Call): Answer {
  const { name = '' } = params
  const plugin = isStream(query) ? undefined : desk.kernel.plugins.get(name)
  if (!plugin || name === httpProxy) throw refuse(404, `plugin not found in subsystem ${isStream(query) ? 'stream' : 'http'}`)
  switch (query.get('schema_type')) {
    case 'consumer':
      return ok(writtenSchema(plugin.consumerSchema ?? none(name, 'consumer')))
    case 'metadata':
      return ok(writtenSchema(plugin.metadataSchema ?? none(name, 'metadata')))
    default:
      return ok(withMeta(plugin.schema))
  }
}

function none(name: string, what: string): never {
  throw refuse(404, `plugin ${name} has no ${what} schema`)
}

function withMeta(own: TSchema): unknown {
  const schema = writtenSchema(own)
  return isFields(schema['properties']) ? { ...schema, properties: { ...schema['properties'], _meta: MetaSchema } } : schema
}

/** `route` is the schema of an entry of `routes`. */
function typeSchema({ params }: Call): Answer {
  const kind = kinds.find((one) => one.slice(0, -1) === params['type'])
  if (kind === undefined || kind === 'plugin_metadata') throw refuse(400, `not found schema: ${params['type']}`)
  return ok(writtenSchema(schemaOf[kind]))
}

async function validate(call: Call): Promise<WriteAnswer> {
  const kind = kinds.find((one) => one === call.params['type'])
  if (!kind) throw refuse(404, `Unsupported resource type: ${call.params['type']}`)
  const body = await call.body()
  if (!isFields(body)) throw refuse(400, body === undefined ? 'missing configurations' : 'invalid configuration: must be an object')
  const problem = problemOf(call, kind, call.view.accept(kind, body, undefined), body['id'])
  if (problem !== undefined) throw refuse(400, problem)
  return { status: 200 }
}

/** What is wrong with a resource by itself; one without an id is checked with some id. `id`: of metadata its plugin. */
export function problemOf({ desk }: Call, kind: Kind, value: Readonly<Record<string, unknown>>, id: unknown): string | undefined {
  const given = kind === 'consumers' ? value['username'] : id
  const known = typeof given === 'string' || typeof given === 'number' ? String(given) : undefined
  const key = known ?? 'unnamed'
  const named = known === undefined && hasId(kind) && kind !== 'secrets' ? { id: key, ...value } : value
  const issues = checkEntry(kind, key, named, desk)
  return issues.length === 0 ? undefined : textOf(issues, kind, key)
}
