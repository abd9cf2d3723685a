import type { Kind } from '@sluice/config'
import * as columns from './columns.ts'
import { jsonFlag, labelFlag, listFlag, numberFlag, pairsFlag, pemFlag, textFlag, wholeNumber } from './flags.ts'
import type { ResourceType } from './resource-type.ts'

const admin = '/apisix/admin'

const nameFlag = textFlag('--name <name>', 'name', 'a name for people')
const descFlag = textFlag('--desc <text>', 'desc', 'what it is for')
const idFlag = textFlag('--id <id>', 'id', 'its id')
const pluginsFlag = jsonFlag('--plugins-json <json>', 'plugins', 'its plugins, by name')
const hostsFlag = listFlag('--host <host>', 'hosts', 'a host that it answers for; several times for several', ['host'])
const serviceFlag = textFlag('--service-id <id>', 'service_id', 'the service that it belongs to')
const upstreamFlag = textFlag('--upstream-id <id>', 'upstream_id', 'the upstream that it is sent to')
const { id, name, description, labels, plugins } = columns

/** What the commands know, in the order of the help. */
export const resourceTypes: readonly ResourceType[] = [
  define('route', 'routes', {
    aliases: ['rt'],
    description: 'Routes: which requests, and what is done with them.',
    columns: [id, name, columns.paths, columns.field('METHODS', 'methods'), columns.hosts, columns.field('SERVICE', 'service_id'), plugins, columns.status],
    flags: [
      nameFlag,
      descFlag,
      { ...listFlag('--uri, --path <path>', 'paths', 'a path that it answers for; several times for several', ['uri', 'uris', 'paths']), apisixField: 'uris' },
      listFlag('--methods <list>', 'methods', 'methods that it answers for, such as GET,POST'),
      textFlag('--host <host>', 'host', 'the host that it answers for', ['hosts']),
      serviceFlag,
      upstreamFlag,
      numberFlag('--priority <n>', 'priority', 'the higher one of several that fit counts'),
      numberFlag('--status <0|1>', 'status', '0 switches it off'),
      pluginsFlag,
      labelFlag,
    ],
    hasService: true,
    example: {
      id: 'chat',
      document: '{ id: chat, uri: /v1/chat/completions, plugins: { ai-proxy: { provider: openai, auth: { header: { Authorization: $env://OPENAI_AUTH } } } } }',
      create: '--name chat --uri /v1/chat/completions --methods POST --service-id openai',
      update: '--status 0',
    },
  }),
  define('service', 'services', {
    aliases: ['services', 'svc'],
    description: 'Services: what several routes share.',
    columns: [id, name, columns.hosts, columns.field('UPSTREAM', 'upstream_id'), plugins, labels],
    flags: [nameFlag, descFlag, hostsFlag, upstreamFlag, pluginsFlag, labelFlag],
    takesAlong: 'its routes',
    example: {
      id: 'openai',
      document: '{ id: openai, name: OpenAI, plugins: { ai-proxy: { provider: openai, auth: { header: { Authorization: $env://OPENAI_AUTH } } } } }',
      create: '--name OpenAI --host api.example.com',
      update: '--desc "for everybody"',
    },
  }),
  define('upstream', 'upstreams', {
    aliases: ['upstreams', 'us'],
    description: 'Upstreams: servers that requests without an AI plugin are sent to.',
    columns: [id, name, columns.field('TYPE', 'type'), columns.field('SCHEME', 'scheme'), columns.nodes, labels],
    flags: [
      nameFlag,
      descFlag,
      pairsFlag('--nodes <host:port=weight>', 'nodes', 'a server and its share; several times for several', wholeNumber),
      textFlag('--type <type>', 'type', 'how one of them is picked, such as roundrobin'),
      textFlag('--scheme <scheme>', 'scheme', 'http or https'),
      numberFlag('--retries <n>', 'retries', 'how many more are tried when one fails'),
      textFlag('--pass-host <mode>', 'pass_host', 'the Host that is sent: pass, node or rewrite'),
      textFlag('--upstream-host <host>', 'upstream_host', 'the Host of rewrite'),
      labelFlag,
    ],
    example: { id: 'orders', document: '{ id: orders, nodes: { "10.0.0.1:8080": 1 } }', create: '--name orders --nodes 10.0.0.1:8080=1 --nodes 10.0.0.2:8080=1', update: '--retries 2' },
  }),
  define('consumer', 'consumers', {
    aliases: ['consumers', 'c'],
    description: 'Consumers: who may ask.',
    key: 'username',
    keyName: 'username',
    columns: [columns.field('USERNAME', 'username'), columns.field('GROUP', 'group_id'), description, plugins, labels],
    flags: [textFlag('--username <name>', 'username', 'its name'), descFlag, textFlag('--group-id <id>', 'group_id', 'the consumer group that it belongs to'), pluginsFlag, labelFlag],
    onlyPut: true,
    takesAlong: 'its credentials',
    example: { id: 'alice', document: '{ username: alice, plugins: { key-auth: { key: $env://ALICE_KEY } } }', create: '--username alice --label team=research', update: '--desc "until June"' },
  }),
  define('credential', 'credentials', {
    aliases: ['credentials', 'cred'],
    description: 'Credentials: what a consumer shows of itself.',
    path: ({ consumer = '' }) => `${admin}/consumers/${encodeURIComponent(consumer)}/credentials`,
    lists: ['credentials', 'consumers'],
    columns: [id, name, description, plugins, labels],
    flags: [nameFlag, descFlag, pluginsFlag, labelFlag],
    isOfConsumer: true,
    onlyPut: true,
    example: { id: 'laptop', document: '{ plugins: { key-auth: { key: $env://ALICE_KEY } } }', create: `--plugins-json '{"key-auth": {"key": "$env://ALICE_KEY"}}'`, update: '--desc "the new one"' },
  }),
  define('ssl', 'ssls', {
    aliases: ['ssls'],
    description: 'Certificates of hosts.',
    lists: ['ssls', 'ssl'],
    columns: [id, columns.field('SNIS', 'snis', 'sni'), columns.field('TYPE', 'type'), columns.status, labels],
    flags: [
      pemFlag('--cert <file>', 'cert', 'the certificate, PEM, or a file of it'),
      pemFlag('--key <file>', 'key', 'its private key, PEM, or a file of it'),
      listFlag('--sni <host>', 'snis', 'a host that it is for; several times for several', ['sni']),
      textFlag('--type <type>', 'type', 'server or client'),
      numberFlag('--status <0|1>', 'status', '0 switches it off'),
      labelFlag,
    ],
    example: { id: 'example-com', document: '{ id: example-com, cert: "-----BEGIN CERTIFICATE-----…", key: $env://TLS_KEY, snis: [example.com] }', create: '--cert example.com.pem --key example.com.key --sni example.com', update: '--status 0' },
  }),
  define('global-rule', 'global_rules', {
    aliases: ['global-rules', 'gr'],
    description: 'Global rules: plugins around every request.',
    columns: [id, plugins],
    flags: [idFlag, pluginsFlag],
    onlyPut: true,
    postsId: true,
    example: { id: 'request-id', document: '{ id: request-id, plugins: { request-id: {} } }', create: `--id request-id --plugins-json '{"request-id": {}}'`, update: `--plugins-json '{"request-id": {"include_in_response": true}}'` },
  }),
  define('plugin-config', 'plugin_configs', {
    aliases: ['plugin-configs', 'pc'],
    description: 'Plugin configs: sets of plugins that routes refer to.',
    columns: [id, name, description, plugins, labels],
    flags: [idFlag, nameFlag, descFlag, pluginsFlag, labelFlag],
    onlyPut: true,
    postsId: true,
    example: { id: 'french', document: '{ id: french, plugins: { ai-prompt-decorator: { prepend: [{ role: system, content: Answer in French. }] } } }', create: `--id cors --plugins-json '{"cors": {}}'`, update: '--desc "for the web"' },
  }),
  define('consumer-group', 'consumer_groups', {
    aliases: ['consumer-groups', 'cg'],
    description: 'Consumer groups: plugins that several consumers share.',
    columns: [id, name, description, plugins, labels],
    flags: [idFlag, nameFlag, descFlag, pluginsFlag, labelFlag],
    onlyPut: true,
    postsId: true,
    example: { id: 'free', document: '{ id: free, plugins: { limit-count: { count: 100, time_window: 3600 } } }', create: `--id free --plugins-json '{"limit-count": {"count": 100, "time_window": 3600}}'`, update: '--label tier=free' },
  }),
  define('plugin-metadata', 'plugin_metadata', {
    aliases: ['pm'],
    plural: 'plugin metadata',
    description: 'Plugin metadata: what a plugin is told once, for all its places.',
    key: 'plugin_name',
    keyName: 'plugin',
    columns: [columns.field('PLUGIN', 'plugin_name', 'id'), { header: 'FIELDS', cell: (value) => Object.keys(value).filter((key) => key !== 'plugin_name' && key !== 'id').join(',') }],
    flags: [textFlag('--plugin-name <name>', 'plugin_name', 'the plugin'), jsonFlag('--metadata-json <json>', '', 'all of it')],
    onlyPut: true,
    example: {
      id: 'cors',
      document: '{ plugin_name: cors, allow_origins: { staff: "https://staff.example.com" } }',
      create: `cors --metadata-json '{"allow_origins": {"staff": "https://staff.example.com"}}'`,
      update: `--metadata-json '{"allow_origins": {"staff": "https://intranet.example.com"}}'`,
    },
  }),
  define('secret', 'secrets', {
    aliases: ['secrets', 'sec'],
    description: 'Secret managers, which $secret:// refers to.',
    path: ({ isScoped }) => `${admin}/${isScoped ? 'secret_providers' : 'secrets'}`,
    keyName: 'manager/id',
    columns: [id, columns.field('URI', 'uri'), columns.field('PREFIX', 'prefix'), labels],
    flags: [idFlag, textFlag('--uri <url>', 'uri', 'where the manager is'), textFlag('--prefix <path>', 'prefix', 'where it keeps these'), textFlag('--token <token>', 'token', "the manager's token; that of the Admin API goes before the command, or in SLUICE_TOKEN"), labelFlag],
    onlyPut: true,
    postsId: true,
    example: { id: 'vault/main', document: '{ id: vault/main, uri: http://127.0.0.1:8200, prefix: kv/sluice, token: $env://VAULT_TOKEN }', create: "--id vault/main --uri http://127.0.0.1:8200 --prefix kv/sluice --token '$env://VAULT_TOKEN'", update: '--prefix kv/other' },
  }),
  define('proto', 'protos', {
    aliases: ['protos', 'pb'],
    description: 'Protocol buffer definitions, kept for tools.',
    columns: [id, name, description, labels],
    flags: [idFlag, nameFlag, descFlag, textFlag('--content <text>', 'content', 'the definition'), labelFlag],
    postsId: true,
    example: { id: 'hello', document: `{ id: hello, content: 'syntax = "proto3"; message Hello { string name = 1; }' }`, create: `--id hello --content 'syntax = "proto3";'`, update: '--desc "version 2"' },
  }),
  define('stream-route', 'stream_routes', {
    aliases: ['stream-routes', 'sr'],
    description: 'Routes of TCP and UDP, kept for tools.',
    columns: [id, name, columns.field('PORT', 'server_port'), columns.field('SNI', 'sni'), columns.field('SERVICE', 'service_id'), columns.field('UPSTREAM', 'upstream_id'), labels],
    flags: [idFlag, nameFlag, descFlag, numberFlag('--server-port <port>', 'server_port', 'the port that it is for'), textFlag('--sni <host>', 'sni', 'the host that it is for'), serviceFlag, upstreamFlag, labelFlag],
    hasService: true,
    postsId: true,
    example: { id: 'mysql', document: '{ id: mysql, server_port: 3306, upstream: { nodes: { "10.0.0.1:3306": 1 } } }', create: '--id mysql --server-port 3306 --upstream-id mysql', update: '--server-port 3307' },
  }),
  define('gateway-group', undefined, {
    aliases: ['gateway-groups', 'gg'],
    description: 'Gateway groups: name spaces of everything else.',
    path: () => '/api/gateway_groups',
    columns: [id, name, description, labels],
    flags: [nameFlag, textFlag('--description <text>', 'description', 'what it is for'), textFlag('--prefix <path>', 'prefix', 'what paths begin with, on servers that have that'), labelFlag],
    isGlobal: true,
    takesAlong: 'everything in it',
    example: { id: 'staging', document: '{ id: staging, name: staging }', create: '--name testing --description "for trying things out"', update: '--description "not for customers"' },
  }),
]

type Given = Pick<ResourceType, 'aliases' | 'description' | 'columns' | 'flags' | 'example'> & Partial<ResourceType>

/** What most have in common is told by their names; `kind`: of configurations. */
function define(typeName: string, kind: Kind | undefined, given: Given): ResourceType {
  const noun = given.noun ?? typeName.replaceAll('-', ' ')
  const list = kind ?? `${typeName.replaceAll('-', '_')}s`
  return { name: typeName, kind, noun, plural: `${noun}s`, path: () => `${admin}/${list}`, lists: [list], key: 'id', keyName: 'id', ...given }
}
