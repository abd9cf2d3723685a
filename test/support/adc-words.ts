import { withoutUndefined, type AdcEvent, type Item, type Json } from './adc-model.ts'

// Resources in ADC's own words, and in those of its backends.

/** The label of an upstream that belongs to a service. */
export const owner = '__ADC_UPSTREAM_SERVICE_ID'

/** `description` is called `desc` there. */
export function named({ description, ...value }: Json): Json {
  return withoutUndefined({ ...value, desc: description }) as Json
}

export function toApisix({ type, id, parent, value }: AdcEvent): Json {
  const own = named(value)
  switch (type) {
    case 'service': {
      const { upstream: _upstream, ...service } = own
      return { ...service, id, upstream_id: id }
    }
    case 'route':
      return { ...own, id, service_id: parent, status: 1 }
    case 'stream_route':
      return { ...own, id, service_id: parent }
    case 'upstream':
      return { ...own, id, labels: { ...(own['labels'] as Json | undefined), [owner]: parent } }
    case 'credential':
      return { id, name: own['name'], plugins: { [String(own['type'])]: own['config'] } }
    case 'ssl': {
      const { certificates, ...ssl } = own
      const [first] = certificates as Json[]
      return { ...ssl, id, cert: first?.['certificate'], key: first?.['key'], status: 1 }
    }
    case 'global_rule':
      return { plugins: { [id]: value } }
    case 'consumer':
      return own
    case 'plugin_metadata':
      return value
  }
}

export function toApi7(event: AdcEvent): Json {
  const { type, id, parent, value } = event
  const own = named(value)
  const { uris, ...rest } = own
  if (type === 'route') return { ...rest, route_id: id, service_id: parent, paths: uris }
  if (type === 'stream_route') return { ...own, stream_route_id: id, service_id: parent }
  if (type === 'service') return { ...own, service_id: id, type: ['tcp', 'udp', 'tls'].includes(String((own['upstream'] as Json | undefined)?.['scheme'])) ? 'stream' : 'http' }
  return type === 'upstream' ? { ...own, id } : toApisix(event)
}

function adc(value: Json, fields: readonly string[]): Json {
  return withoutUndefined({ description: value['desc'], ...Object.fromEntries(fields.map((name) => [name, value[name]])) }) as Json
}

const serviceFields = ['name', 'labels', 'plugins', 'hosts', 'path_prefix', 'strip_path_prefix']
const routeFields = ['name', 'labels', 'hosts', 'priority', 'timeout', 'vars', 'methods', 'enable_websocket', 'remote_addrs', 'plugins', 'filter_func']
const upstreamFields = ['name', 'type', 'hash_on', 'key', 'checks', 'nodes', 'scheme', 'retries', 'retry_timeout', 'timeout', 'tls', 'keepalive_pool', 'pass_host', 'upstream_host', 'service_name', 'discovery_type', 'discovery_args']

export function serviceItem(value: Json, upstream: Json | undefined): Item {
  return { type: 'service', id: String(value['id']), value: { ...adc(value, serviceFields), ...(upstream && { upstream: adc(upstream, upstreamFields) }) } }
}

/** The upstream of a service goes by the service's name. */
export function nameless({ name: _name, ...upstream }: Json): Json {
  return upstream
}

export function routeItem(value: Json, uris: unknown): Item {
  return { type: 'route', id: String(value['id']), parent: String(value['service_id']), value: { ...adc(value, routeFields), uris } }
}

export function streamItem(value: Json): Item {
  return { type: 'stream_route', id: String(value['id']), parent: String(value['service_id']), value: adc(value, ['name', 'labels', 'plugins', 'remote_addr', 'server_addr', 'server_port', 'sni']) }
}

export function upstreamItem(value: Json, parent: string): Item {
  const nodes = value['nodes']
  if (!Array.isArray(nodes)) throw new TypeError('an upstream without a list of nodes')
  return { type: 'upstream', id: String(value['id']), parent, value: adc(value, upstreamFields) }
}

export function consumerItem(value: Json): Item {
  return { type: 'consumer', id: String(value['username']), value: adc(value, ['username', 'labels', 'plugins']) }
}

export function credentialItem(value: Json, id: string, parent: string): Item {
  const [[type, config] = []] = Object.entries(value['plugins'] as Json)
  return { type: 'credential', id, parent, value: { ...adc(value, ['name', 'labels']), type, config } }
}

export function sslItem(value: Json): Item {
  return { type: 'ssl', id: String(value['id']), value: { ...adc(value, ['labels', 'snis', 'type', 'client', 'ssl_protocols']), certificates: [{ certificate: value['cert'], key: value['key'] }] } }
}
