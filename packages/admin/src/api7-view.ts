import { isDeepStrictEqual } from 'node:util'
import { ok } from './answer.ts'
import { refuse } from './refusal.ts'
import type { Fields, View } from './view.ts'

/** Bare resources: what a7 and ADC’s backend api7ee write and read. https://docs.api7.ai/enterprise/reference/admin-api */
export const api7View: View = {
  name: 'api7',
  one: ({ value }) => ok({ value }),
  list(shown, { total, kind }) {
    if (kind === 'plugin_metadata') return ok({ value: Object.fromEntries(shown.map(({ id, value }) => [id, value])) })
    return ok({ list: shown.map(({ value }) => value), total })
  },
  written: ({ value }) => ok({ value }),
  deleted: () => ok({}),
  missing: () => refuse(404, 'resource not found'),

  accept(kind, body, id) {
    const { create_time: _created, update_time: _updated, ...rest } = body
    switch (kind) {
      case 'routes':
        return withoutPathsTwice(renamed(rest, 'route_id'))
      case 'stream_routes':
        return renamed(rest, 'stream_route_id')
      case 'services':
        return renamed(rest, 'service_id')
      case 'consumers': {
        const { id: own, ...consumer } = rest
        return { username: own ?? id, ...consumer }
      }
      case 'plugin_metadata': {
        const { id: _id, plugin_name: _name, ...metadata } = rest
        return metadata
      }
      default:
        return rest
    }
  },

  show(kind, value, client) {
    const shown = withTextIds(value)
    if (client === 'sluice' && kind !== 'plugin_metadata') return shown
    switch (kind) {
      case 'routes':
        return client === 'a7' ? shown : withPaths(shown)
      case 'services':
        return 'type' in shown ? shown : { ...shown, type: typeOf(shown) }
      case 'upstreams':
        return client === 'a7' ? withMappedNodes(shown) : shown
      case 'plugin_metadata': {
        const { id: _id, ...metadata } = shown
        return metadata
      }
      default:
        return shown
    }
  },

  order: (a, b) => b.modifiedIndex - a.modifiedIndex || b.createdIndex - a.createdIndex,
  pageOrder: (a, b) => b.modifiedIndex - a.modifiedIndex || b.createdIndex - a.createdIndex,
  pageSize: { smallest: 1, largest: Number.MAX_SAFE_INTEGER },
  takesIdInPost: true,
  cascades: true,
}

/** ADC writes the resource’s own id under another name. */
function renamed(body: Fields, name: string): Fields {
  const { [name]: id, ...rest } = body
  return id === undefined || 'id' in rest ? rest : { id, ...rest }
}

const references = ['id', 'service_id', 'upstream_id', 'plugin_config_id', 'group_id']

/** a7 fails on an id that is a number. */
function withTextIds(value: Fields): Fields {
  const numbers = references.filter((name) => typeof value[name] === 'number')
  return numbers.length === 0 ? value : { ...value, ...Object.fromEntries(numbers.map((name) => [name, String(value[name])])) }
}

/** ADC reads `paths` alone; a7 would see a difference to its file in a field more. */
function withPaths(value: Fields): Fields {
  const { uri, uris, paths } = value
  if (paths !== undefined) return value
  return { ...value, paths: uris ?? [uri] }
}

/** What `withPaths` has put in may come back. */
function withoutPathsTwice(body: Fields): Fields {
  const { paths, ...rest } = body
  const own = rest['uris'] ?? (rest['uri'] === undefined ? undefined : [rest['uri']])
  return paths !== undefined && isDeepStrictEqual(paths, own) ? rest : body
}

/** ADC looks for routes of the one kind or of the other by this. */
function typeOf({ upstream }: Fields): string {
  const scheme = typeof upstream === 'object' && upstream !== null && 'scheme' in upstream ? upstream.scheme : undefined
  return ['tcp', 'udp', 'tls'].includes(String(scheme)) ? 'stream' : 'http'
}

/** a7 reads `{ "host:port": weight }`, and fails on a list. */
function withMappedNodes(value: Fields): Fields {
  const { nodes, scheme } = value
  if (!Array.isArray(nodes)) return value
  const standard = scheme === 'https' || scheme === 'grpcs' ? 443 : 80
  const list = nodes as readonly { host: string; port?: number; weight: number }[]
  return { ...value, nodes: Object.fromEntries(list.map(({ host, port = standard, weight }) => [`${host}:${port}`, weight])) }
}
