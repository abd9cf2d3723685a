import { oneOf, Type } from '@sluice/kernel'
import { about, closed, Host, Id, idThat, Method, Plugins, timeout, times } from './field.ts'

const Uri = Type.String({
  minLength: 1,
  maxLength: 4096,
  description: 'Path that the route serves: `/exact`, `/prefix/*`, `/user/:id`.',
})
const Address = Type.String({ description: 'The client: an IPv4 or IPv6 address, or a range in CIDR notation.' })
const Hosts = Type.Array(Host, { minItems: 1, uniqueItems: true, description: 'Hosts that are served.' })

const target = {
  plugins: Type.Optional(Plugins),
  // Checked on its own by UpstreamSchema, where references are resolved.
  upstream: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      description: 'Where ordinary requests go: the fields of an upstream.',
    }),
  ),
  upstream_id: Type.Optional(idThat('The id of an entry of `upstreams`.')),
}

/** Which requests are served, and by what. */
export const RouteSchema = Type.Object(
  {
    id: Type.Optional(Id),
    ...about,
    uri: Type.Optional(Uri),
    uris: Type.Optional(
      Type.Array(Uri, { minItems: 1, uniqueItems: true, description: 'Several paths, in place of `uri`.' }),
    ),
    paths: Type.Optional(
      Type.Array(Uri, { minItems: 1, uniqueItems: true, description: 'As `uris`: what tools of API7 call them.' }),
    ),
    methods: Type.Optional(
      Type.Array(Method, { uniqueItems: true, description: 'HTTP methods; any if absent or empty.' }),
    ),
    host: Type.Optional(Host),
    hosts: Type.Optional(Hosts),
    remote_addr: Type.Optional(Address),
    remote_addrs: Type.Optional(
      Type.Array(Address, { minItems: 1, uniqueItems: true, description: 'Several, in place of `remote_addr`.' }),
    ),
    vars: Type.Optional(
      Type.Array(Type.Unknown(), { description: 'An expression that must hold: `[["arg_a", "==", "1"]]`.' }),
    ),
    priority: Type.Integer({ default: 0, description: 'Among routes of the same path, the higher is tried first.' }),
    status: Type.Unsafe<0 | 1>({
      type: 'integer',
      enum: [0, 1],
      default: 1,
      description: '0: checked, but not served.',
    }),
    ...target,
    plugin_config_id: Type.Optional(idThat('The id of an entry of `plugin_configs`.')),
    service_id: Type.Optional(idThat('The id of an entry of `services`.')),
    timeout: Type.Optional(timeout('In place of the upstream’s, in seconds.')),
    ...times,
  },
  {
    ...closed,
    unsupported: ['filter_func', 'script', 'script_id', 'enable_websocket'],
    description:
      'Which requests are served, and by what. One of `uri`, `uris` and `paths`, and something that serves, are required.',
  },
)

/** What several routes share. */
export const ServiceSchema = Type.Object(
  {
    id: Type.Optional(Id),
    ...about,
    hosts: Type.Optional(Hosts),
    ...target,
    type: Type.Optional(oneOf(['http', 'stream'], { description: 'What its routes are; kept for tools.' })),
    path_prefix: Type.Optional(
      Type.String({ maxLength: 4096, pattern: '^(/.*)?$', expects: 'a path', description: 'Stands before the paths of its routes.' }),
    ),
    strip_path_prefix: Type.Optional(
      Type.Boolean({ description: 'Takes `path_prefix` off before a request is sent on; not supported yet where there is anything to take off.' }),
    ),
    ...times,
  },
  {
    ...closed,
    unsupported: ['script', 'enable_websocket'],
    description: 'What several routes share: plugins, an upstream, hosts for those that name none.',
  },
)

/** Plugins that several routes share. */
export const PluginConfigSchema = Type.Object(
  { id: Type.Optional(Id), ...about, plugins: Plugins, ...times },
  { ...closed, description: 'Plugins that several routes share.' },
)

/** Plugins that run for every request. */
export const GlobalRuleSchema = Type.Object(
  { id: idThat('Unique among the global rules.'), ...about, plugins: Plugins, ...times },
  {
    ...closed,
    description: 'Plugins that run for every request, before and around the route’s; also where no route matches.',
  },
)

const Username = Type.String({
  minLength: 1,
  maxLength: 256,
  pattern: '^[a-zA-Z0-9_\\-]+$',
  expects: "of letters, digits, '_' and '-'",
  description: 'The consumer’s name: what it goes by.',
})

/** Who sends requests. */
export const ConsumerSchema = Type.Object(
  {
    username: Username,
    desc: about.desc,
    labels: about.labels,
    group_id: Type.Optional(idThat('The id of an entry of `consumer_groups`.')),
    plugins: Type.Optional(Plugins),
    ...times,
  },
  { ...closed, description: 'Who sends requests, with the plugins that run for them.' },
)

/** What a consumer shows. */
export const CredentialSchema = Type.Object(
  {
    id: Type.Optional(
      Type.String({
        pattern: '^([a-zA-Z0-9_\\-]+/credentials/)?[a-zA-Z0-9._\\-]{1,64}$',
        expects: '<username>/credentials/<id>',
        description: '`<username>/credentials/<id>`: whose it is, and its name.',
      }),
    ),
    ...about,
    plugins: Type.Optional(Plugins),
    ...times,
  },
  { ...closed, description: 'What a consumer shows: the configuration of one authenticating plugin. Stands among the consumers.' },
)

/** Plugins that several consumers share. */
export const ConsumerGroupSchema = Type.Object(
  { id: Type.Optional(Id), ...about, plugins: Plugins, ...times },
  { ...closed, description: 'Plugins that several consumers share.' },
)
