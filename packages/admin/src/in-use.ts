import { singular, type Kind } from '@sluice/config'
import type { Draft, Resource } from '@sluice/store'

/** Which fields of which kinds refer to a kind. */
const references: Partial<Readonly<Record<Kind, readonly (readonly [kind: Kind, field: string])[]>>> = {
  services: [
    ['routes', 'service_id'],
    ['stream_routes', 'service_id'],
  ],
  upstreams: [
    ['routes', 'upstream_id'],
    ['services', 'upstream_id'],
    ['stream_routes', 'upstream_id'],
  ],
  plugin_configs: [['routes', 'plugin_config_id']],
  consumer_groups: [['consumers', 'group_id']],
}

/** Who refers to a resource. */
export function* usersOf(draft: Draft, kind: Kind, id: string): Generator<readonly [kind: Kind, resource: Resource]> {
  for (const [user, field] of references[kind] ?? []) {
    for (const resource of draft.all(user).values()) {
      const referred = resource.value[field]
      if (referred !== undefined && String(referred) === id) yield [user, resource]
    }
  }
  if (kind !== 'stream_routes') return
  for (const resource of draft.all('stream_routes').values()) {
    if (superiorOf(resource.value) === id) yield ['stream_routes', resource]
  }
}

function superiorOf({ protocol }: Resource['value']): string | undefined {
  if (typeof protocol !== 'object' || protocol === null || !('superior_id' in protocol)) return undefined
  return String(protocol.superior_id)
}

/** Why a resource stays, as APISIX says it; undefined: nobody refers to it. a7 tries again where it reads "still using it". */
export function inUse(draft: Draft, kind: Kind, id: string): string | undefined {
  const [first] = usersOf(draft, kind, id)
  if (!first) return undefined
  const [user, resource] = first
  return `can not delete this ${singular[kind]}${kind === 'services' ? ' directly' : ''}, ${singular[user]} [${resource.id}] is still using it now`
}
