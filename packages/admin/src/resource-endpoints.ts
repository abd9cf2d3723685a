import { Type, type TSchema } from '@sluice/kernel'
import { deleteResource } from './delete-resource.ts'
import type { Endpoint, Method } from './endpoint.ts'
import { patchResource } from './patch-resource.ts'
import { getResource, listResources } from './read-resources.ts'
import { refuse } from './refusal.ts'
import { resourceTypes, secretProviders, type ResourceType } from './resource-type.ts'
import { deleteServiceUpstream, getServiceUpstream, listServiceUpstreams, putServiceUpstream } from './service-upstreams.ts'
import { postResource, putById, putResource } from './write-resource.ts'

const ttl = { type: 'integer', minimum: 1, description: 'Seconds after which the resource ends by itself.' }
const force = { type: 'string', enum: ['true', 'false'], description: '`true`: although others refer to it.' }
const listing = {
  page: { type: 'integer', minimum: 1, description: 'From 1.' },
  page_size: { type: 'integer', minimum: 1, maximum: 500, description: 'In APISIX’s view 10 or more.' },
  name: { type: 'string', description: 'A regular expression that the name matches somewhere.' },
  uri: { type: 'string', description: 'A regular expression that a path matches somewhere.' },
  label: { type: 'string', description: 'A label that there is.' },
  filter: { type: 'string', description: '`service_id=1`, encoded; of routes.' },
  service_id: { type: 'string', description: 'Of routes, in API7’s view.' },
}
const Patch: TSchema = Type.Unknown({ description: 'An object is merged in; a list is operations of RFC 6902; behind a path any value.' })

/** Every resource, by kind and id. */
export const resourceEndpoints: readonly Endpoint[] = [...serviceUpstreams(), ...[...resourceTypes, secretProviders].flatMap(endpointsOf)]

function endpointsOf(type: ResourceType): Endpoint[] {
  const { noun, methods, kind } = type
  const many = `/apisix/admin${type.path}`
  const one = [many, ...type.idParts.map((part) => `:${part}`)].join('/')
  const patch = patchResource(type)
  const written = { body: kind, query: { ttl } }
  const changed = { body: Patch, query: { ttl } }
  const listed: readonly Endpoint[] = [
    { method: 'GET', path: many, summary: `Lists each ${noun}.`, handler: listResources(type), query: listing },
    { method: 'POST', path: many, summary: `Creates a ${noun}.`, handler: postResource(type), writes: true, ...written, ...onlyApi7(methods.post) },
    { method: 'PUT', path: many, summary: `Creates or replaces the ${noun} that the body names.`, handler: putById(type), writes: true, ...written },
    ...(['PATCH', 'DELETE'] as const).map((method) => withoutId(method, many, noun)),
    { method: 'GET', path: one, summary: `Shows a ${noun}.`, handler: getResource(type) },
    { method: 'PUT', path: one, summary: `Creates or replaces a ${noun}.`, handler: putResource(type), writes: true, ...written },
    { method: 'DELETE', path: one, summary: `Deletes a ${noun}${kind === 'consumers' ? ' with its credentials' : ''}.`, handler: deleteResource(type), writes: true, query: { force } },
    { method: 'PATCH', path: one, summary: `Changes a part of a ${noun}.`, handler: patch, writes: true, ...changed, ...onlyApi7(methods.patch) },
    { method: 'PATCH', path: `${one}/*rest`, summary: `Replaces a part of a ${noun}, at a path in it.`, handler: patch, writes: true, ...changed, ...onlyApi7(methods.patch) },
  ]
  return listed.map((endpoint) => ({ ...endpoint, noun }))
}

function onlyApi7(isForBoth: boolean): Pick<Endpoint, 'view'> {
  return isForBoth ? {} : { view: 'api7' }
}

function withoutId(method: Method, path: string, noun: string): Endpoint {
  const handler = (): never => {
    throw refuse(400, `missing ${noun} id`)
  }
  return { method, path, summary: 'Refused: the path must name an id.', handler, writes: true }
}

function serviceUpstreams(): Endpoint[] {
  const many = '/apisix/admin/services/:service/upstreams'
  const one = `${many}/:id`
  return [
    { method: 'GET', path: many, summary: 'Lists the upstreams that belong to a service.', handler: listServiceUpstreams },
    { method: 'POST', path: many, summary: 'Creates an upstream that belongs to a service.', handler: putServiceUpstream, writes: true, body: 'upstreams' },
    { method: 'GET', path: one, summary: 'Shows an upstream that belongs to a service.', handler: getServiceUpstream },
    { method: 'PUT', path: one, summary: 'Creates or replaces an upstream that belongs to a service.', handler: putServiceUpstream, writes: true, body: 'upstreams' },
    { method: 'DELETE', path: one, summary: 'Deletes an upstream that belongs to a service.', handler: deleteServiceUpstream, writes: true },
  ]
}
