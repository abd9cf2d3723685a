import type { TSchema } from '@sluice/kernel'
import { ProtoSchema, SecretSchema, SslSchema, StreamRouteSchema } from './data-schemas.ts'
import type { Kind } from './kind.ts'
import { ConsumerGroupSchema, ConsumerSchema, CredentialSchema, GlobalRuleSchema, PluginConfigSchema, RouteSchema, ServiceSchema } from './resource-schemas.ts'
import { UpstreamSchema } from './upstream-schema.ts'

/** Schemas of resources by kind; what is said of plugins and references is checked beside them. Metadata has its plugin’s. */
export const schemaOf: Readonly<Record<Exclude<Kind, 'plugin_metadata'>, TSchema>> = {
  routes: RouteSchema,
  services: ServiceSchema,
  upstreams: UpstreamSchema,
  consumers: ConsumerSchema,
  credentials: CredentialSchema,
  consumer_groups: ConsumerGroupSchema,
  plugin_configs: PluginConfigSchema,
  global_rules: GlobalRuleSchema,
  ssls: SslSchema,
  secrets: SecretSchema,
  protos: ProtoSchema,
  stream_routes: StreamRouteSchema,
}

/** Kinds that are kept for tools, and that nothing acts on. */
export const dataOnly = ['ssls', 'secrets', 'protos', 'stream_routes'] as const satisfies readonly Kind[]
