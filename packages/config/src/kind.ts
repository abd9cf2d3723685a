/** Collections of resources, by the name that a file and the Admin API give them. Those that others build on come first. */
export const kinds = [
  'plugin_metadata',
  'upstreams',
  'services',
  'plugin_configs',
  'consumer_groups',
  'consumers',
  'credentials',
  'global_rules',
  'routes',
  'ssls',
  'secrets',
  'protos',
  'stream_routes',
] as const

export type Kind = (typeof kinds)[number]

/** What one resource of a kind is called in messages. */
export const singular: Readonly<Record<Kind, string>> = {
  plugin_metadata: 'plugin metadata',
  upstreams: 'upstream',
  services: 'service',
  plugin_configs: 'plugin config',
  consumer_groups: 'consumer group',
  consumers: 'consumer',
  credentials: 'credential',
  global_rules: 'global rule',
  routes: 'route',
  ssls: 'ssl',
  secrets: 'secret',
  protos: 'proto',
  stream_routes: 'stream route',
}
