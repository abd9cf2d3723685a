import { isRecord, singular } from '@sluice/config'
import { adcId, managerLabel, ownerLabel } from './adc-names.ts'
import type { Existing } from './remote-state.ts'
import { keyOf, type Fields } from './wanted.ts'

export interface AdcFile {
  readonly content: Fields
  /** What there is no place for in such a file, and why, a line each. */
  readonly lost: readonly string[]
}

/** Writes resources as a file of ADC, the other way round than `adcLayout`; ids are written where they are no digests of names. */
export function adcFile(resources: readonly Existing[]): AdcFile {
  const writer = new Writer(resources)
  const content = {
    services: writer.all('services').map((one) => service(one, writer)),
    ssls: writer.all('ssls').map((one) => ssl(one, writer)),
    consumers: writer.all('consumers').map((one) => consumer(one, writer)),
    global_rules: Object.assign({}, ...writer.all('global_rules').map((one) => globalRule(one, writer))) as Fields,
    plugin_metadata: Object.fromEntries(writer.all('plugin_metadata').map((one) => [one.id, writer.take(one)])),
  }
  const filled = Object.entries(content).filter(([, value]) => Object.keys(value).length > 0)
  return { content: escaped(Object.fromEntries(filled)) as Fields, lost: writer.lost() }
}

class Writer {
  readonly #left: Map<string, Existing>
  readonly #resources: readonly Existing[]
  readonly #reasons: string[] = []

  constructor(resources: readonly Existing[]) {
    this.#resources = resources
    this.#left = new Map(resources.map((one) => [keyOf(one), one]))
  }

  all(kind: Existing['kind'], isAsked: (value: Fields, id: string) => boolean = () => true): Existing[] {
    return this.#resources.filter((one) => one.kind === kind && isAsked(one.value, one.id))
  }

  /** A resource has come to its place; gives its fields in ADC’s words. */
  take(one: Existing): Fields {
    this.#left.delete(keyOf(one))
    const { desc, labels, ...rest } = one.value
    const { [managerLabel]: _manager, [ownerLabel]: _owner, ...own } = isRecord(labels) ? labels : {}
    return { ...rest, ...(desc !== undefined && { description: desc }), ...(Object.keys(own).length > 0 && { labels: own }) }
  }

  /** Fields that have no place are told of. */
  without(fields: Fields, one: Existing, ...names: readonly string[]): Fields {
    const gone = names.filter((name) => name in fields)
    if (gone.length > 0) this.#reasons.push(`${singular[one.kind]} ${one.id}: without ${gone.join(', ')}`)
    return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))
  }

  lost(): string[] {
    return [...this.#reasons, ...[...this.#left.values()].map(({ kind, id }) => `${singular[kind]} ${id}: not at all`)]
  }
}

function service(one: Existing, writer: Writer): Fields {
  const { upstream_id: reference, upstream, type: _type, name = one.id, ...rest } = writer.take(one)
  const [referred] = reference === undefined ? [] : writer.all('upstreams', (_, id) => id === String(reference))
  const { name: _name, ...target }: Fields = referred ? writer.take(referred) : {}
  // One that only stands for none has no fields.
  const own = upstream ?? (Object.keys(target).length > 0 ? target : undefined)
  const others = writer.all('upstreams', ({ labels }) => isRecord(labels) && labels[ownerLabel] === one.id)
  const inner = (kind: 'routes' | 'stream_routes'): Fields[] => writer.all(kind, ({ service_id: id }) => id !== undefined && String(id) === one.id).map((route) => named(route, routeFields(route, writer), String(name)))
  return {
    ...withId(one.id, adcId(String(name))),
    name,
    ...rest,
    ...(own !== undefined && { upstream: own }),
    ...list('upstreams', others.map((other) => named(other, writer.take(other), String(name)))),
    ...list('routes', inner('routes')),
    ...list('stream_routes', inner('stream_routes')),
  }
}

function routeFields(route: Existing, writer: Writer): Fields {
  const { service_id: _service, uri, uris, paths, host, hosts, remote_addr: address, remote_addrs: addresses, status, ...rest } = writer.take(route)
  const fields = writer.without({ ...rest, ...(status === 0 && { status }) }, route, 'upstream', 'upstream_id', 'plugin_config_id', 'status')
  return { ...fields, ...several('uris', uri, uris ?? paths), ...several('hosts', host, hosts), ...(route.kind === 'routes' ? several('remote_addrs', address, addresses) : { ...(address !== undefined && { remote_addr: address }) }) }
}

function consumer(one: Existing, writer: Writer): Fields {
  const fields = writer.without(writer.take(one), one, 'group_id')
  const credentials = writer.all('credentials', (value, id) => id.startsWith(`${one.id}/`) && isRecord(value['plugins']) && Object.keys(value['plugins']).length === 1)
  return { ...fields, ...list('credentials', credentials.map((credential) => credentialFields(credential, one.id, writer))) }
}

function credentialFields(one: Existing, username: string, writer: Writer): Fields {
  const own = one.id.slice(username.length + 1)
  const { plugins, name = own, ...rest } = writer.take(one)
  const [[type, config] = []] = Object.entries(plugins as Fields)
  return { ...withId(own, adcId(username, String(name))), name, type, config, ...rest }
}

function ssl(one: Existing, writer: Writer): Fields {
  const { cert, key, certs = [], keys = [], sni, snis = [sni], status, ...rest } = writer.take(one)
  const pairs = [[cert, key], ...(certs as unknown[]).map((certificate, index) => [certificate, (keys as unknown[])[index]])]
  return { ...withId(one.id, adcId((snis as unknown[]).join(','))), snis, certificates: pairs.map(([certificate, secret]) => ({ certificate, key: secret })), ...writer.without({ ...rest, ...(status === 0 && { status }) }, one, 'status') }
}

/** By plugin: of the rule itself nothing is left. */
function globalRule(one: Existing, writer: Writer): Fields {
  const { plugins, ...rest } = writer.take(one)
  writer.without(rest, one, ...Object.keys(rest))
  return isRecord(plugins) ? plugins : {}
}

/** What stands in a service goes by both names. */
function named(one: Existing, { name = one.id, ...fields }: Fields, parent: string): Fields {
  return { ...withId(one.id, adcId(parent, String(name))), name, ...fields }
}

function withId(id: string, made: string): Fields {
  return id === made ? {} : { id }
}

function list(name: string, items: readonly Fields[]): Fields {
  return items.length === 0 ? {} : { [name]: items }
}

function several(name: string, one: unknown, many: unknown): Fields {
  if (many !== undefined) return { [name]: many }
  return one === undefined ? {} : { [name]: [one] }
}

/** A text that would be a variable there. */
function escaped(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(/\$\{(?=\w+\})/g, '\\${')
  if (Array.isArray(value)) return value.map(escaped)
  return isRecord(value) ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, escaped(member)])) : value
}
