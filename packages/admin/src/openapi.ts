import { kinds, schemaOf, singular, writtenSchema, type Kind } from '@sluice/config'
import type { TSchema } from '@sluice/kernel'
import type { Desk } from './call.ts'
import type { Endpoint } from './endpoint.ts'
import { pluginsOf } from './plugin-endpoints.ts'

type Json = Readonly<Record<string, unknown>>

/** The Admin API in OpenAPI 3.1, out of the endpoints that serve it and the schemas that check it. https://spec.openapis.org/oas/v3.1.0 */
export function openApi(endpoints: readonly Endpoint[], { kernel, version }: Pick<Desk, 'kernel' | 'version'>): Json {
  const paths = new Map<string, Record<string, unknown>>()
  for (const endpoint of endpoints) {
    const path = endpoint.path.replaceAll(/[:*](\w+)/g, '{$1}')
    const item = paths.get(path) ?? parametersOf(endpoint.path)
    item[endpoint.method.toLowerCase()] = operationOf(endpoint)
    paths.set(path, item)
  }
  const plugins = pluginsOf(kernel)
  return {
    openapi: '3.1.0',
    info: { title: 'Sluice Admin API', version, description: 'Resources in the dialects of APISIX and, where the query names a `gateway_group_id`, of API7.', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    security: [{ header: [] }, { query: [] }, { cookie: [] }],
    paths: Object.fromEntries(paths),
    components: {
      securitySchemes: {
        header: { type: 'apiKey', in: 'header', name: 'X-API-KEY' },
        query: { type: 'apiKey', in: 'query', name: 'api_key' },
        cookie: { type: 'apiKey', in: 'cookie', name: 'x_api_key' },
      },
      parameters: { gateway_group_id: { name: 'gateway_group_id', in: 'query', description: 'Gateway group, by id or name; its presence asks for API7’s view.', schema: { type: 'string' } } },
      schemas: {
        error: { type: 'object', required: ['error_msg'], properties: { error_msg: { type: 'string', description: 'What is wrong, and where.' } } },
        plugins: { type: 'object', description: 'Plugin configurations by plugin name.', properties: Object.fromEntries(plugins.map(({ name }) => [name, { $ref: `#/components/schemas/plugin.${name}` }])) },
        ...Object.fromEntries(plugins.map(({ name, schema }) => [`plugin.${name}`, { ...writtenSchema(schema), additionalProperties: true }])),
        ...Object.fromEntries(resourceKinds.map((kind) => [kind, writtenSchema(schemaOf[kind])])),
      },
      responses: Object.fromEntries(Object.entries(errors).map(([status, description]) => [status, { description, content: { 'application/json': { schema: { $ref: '#/components/schemas/error' } } } }])),
    },
  }
}

const resourceKinds = kinds.filter((kind) => kind !== 'plugin_metadata')

const errors = {
  400: 'What is written is wrong, or others refer to what is deleted.',
  401: 'No key, or none that may do this.',
  403: 'The store takes no changes.',
  404: 'There is none, or no such gateway group.',
  409: 'Somebody else has changed it meanwhile, or it exists already.',
  413: 'The body is too large.',
}

function parametersOf(path: string): Record<string, unknown> {
  const names = [...path.matchAll(/[:*](\w+)/g)].map(([, name = '']) => name)
  const own = names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' }, ...(name === 'rest' && { description: 'A path in the resource, such as `plugins/ai-proxy`; slashes in it stand for themselves.' }) }))
  return { parameters: [...own, { $ref: '#/components/parameters/gateway_group_id' }] }
}

function operationOf({ method, path, summary, query = {}, body, view, open, writes }: Endpoint): Json {
  const given = Object.entries(query).map(([name, schema]) => ({ name, in: 'query', schema }))
  const failures = [400, ...(open ? [] : [401]), 404, ...(writes ? [403, 409, 413] : [])]
  return {
    operationId: [method.toLowerCase(), ...path.split(/\W+/).filter((part) => part !== '' && part !== 'apisix')].join('_'),
    summary,
    ...(view && { description: 'In API7’s view alone.' }),
    ...(given.length > 0 && { parameters: given }),
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: bodyOf(body) } } } }),
    ...(open && { security: [] }),
    responses: {
      '2XX': { description: 'Done.', content: { 'application/json': { schema: {} } } },
      ...Object.fromEntries(failures.map((status) => [status, { $ref: `#/components/responses/${status}` }])),
    },
  }
}

function bodyOf(body: Exclude<Endpoint['body'], undefined>): unknown {
  return typeof body === 'string' ? resourceSchema(body) : writtenSchema(body)
}

function resourceSchema(kind: Kind): Json {
  if (kind === 'plugin_metadata') return { type: 'object', description: `The ${singular[kind]}.` }
  const resource = { $ref: `#/components/schemas/${kind}` }
  const { properties = {} } = schemaOf[kind] as TSchema & { readonly properties?: object }
  return 'plugins' in properties ? { allOf: [resource, { type: 'object', properties: { plugins: { $ref: '#/components/schemas/plugins' } } }] } : resource
}
