import { oneOf, Type, type Static } from '@sluice/kernel'
import { about, closed, Id, timeout, times } from './field.ts'

const NodeSchema = Type.Object(
  {
    host: Type.String({ minLength: 1, maxLength: 255, description: 'Host name or IP address.' }),
    port: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65_535, description: '80, or 443 where `scheme` is https, if absent.' }),
    ),
    weight: Type.Integer({ minimum: 0, description: 'Share of the requests; 0 gets none.' }),
    priority: Type.Integer({ default: 0, description: 'Nodes of a lower priority serve when those above are down.' }),
    metadata: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'Kept for tools.' })),
  },
  closed,
)

const Nodes = Type.Unsafe<Record<string, number> | Static<typeof NodeSchema>[]>({
  type: ['object', 'array'],
  additionalProperties: { type: 'integer', minimum: 0 },
  items: NodeSchema,
  description: 'Where requests go: `{"host:port": weight}`, or a list.',
})

/** An ordinary upstream, in its own collection or written on a route or service. */
export const UpstreamSchema = Type.Object(
  {
    id: Type.Optional(Id),
    ...about,
    nodes: Nodes,
    type: oneOf(['roundrobin'], {
      default: 'roundrobin',
      unsupported: ['chash', 'ewma', 'least_conn'],
      description: 'How a node is chosen: in turn, by weight.',
    }),
    scheme: oneOf(['http', 'https'], {
      default: 'http',
      unsupported: ['grpc', 'grpcs', 'tcp', 'udp', 'tls', 'kafka'],
      description: 'How nodes are spoken to.',
    }),
    pass_host: oneOf(['pass', 'node', 'rewrite'], {
      default: 'pass',
      description: 'The Host that nodes see: the client’s, the node’s, or `upstream_host`.',
    }),
    upstream_host: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 255,
        pattern: '^[0-9a-zA-Z._\\[\\]:\\-]+$',
        expects: 'a host name, with a port if need be',
        description: 'Required where `pass_host` is rewrite.',
      }),
    ),
    retries: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 100,
        description:
          'How often another node is tried when a connection fails; one less than there are nodes if absent.',
      }),
    ),
    retry_timeout: Type.Number({
      default: 0,
      minimum: 0,
      description: 'Seconds after which nothing is retried; 0: no limit.',
    }),
    timeout: timeout('Time limits in seconds.', { default: { connect: 60, send: 60, read: 60 } }),
    keepalive_pool: Type.Object(
      {
        size: Type.Integer({ default: 320, minimum: 1, description: 'Idle connections that are kept.' }),
        idle_timeout: Type.Number({ default: 60, minimum: 0, description: 'Seconds that an idle connection is kept.' }),
        requests: Type.Integer({ default: 1000, minimum: 1, description: 'Requests that one connection may carry.' }),
      },
      { ...closed, default: {}, description: 'Connections kept open.' },
    ),
    tls: Type.Object(
      { verify: Type.Boolean({ default: false, description: 'Checks the node’s certificate.' }) },
      {
        ...closed,
        default: {},
        unsupported: ['client_cert', 'client_key', 'client_cert_id'],
        description: 'For `scheme` https.',
      },
    ),
    ...times,
  },
  {
    ...closed,
    unsupported: ['hash_on', 'key', 'checks', 'service_name', 'discovery_type', 'discovery_args'],
    description: 'Where ordinary requests are proxied to.',
  },
)

/** An upstream as `UpstreamSchema` gives it, defaults filled in. */
export interface Upstream {
  readonly nodes: Readonly<Record<string, number>> | readonly Static<typeof NodeSchema>[]
  readonly scheme: 'http' | 'https'
  readonly pass_host: 'pass' | 'node' | 'rewrite'
  readonly upstream_host?: string
  /** Absent: one less than there are nodes. */
  readonly retries?: number
  readonly retry_timeout: number
  readonly timeout: Timeout
  readonly keepalive_pool: { readonly size: number; readonly idle_timeout: number; readonly requests: number }
  readonly tls: { readonly verify: boolean }
}

/** Seconds. */
export interface Timeout {
  readonly connect: number
  readonly send: number
  readonly read: number
}
