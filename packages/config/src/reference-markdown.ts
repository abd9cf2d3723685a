import { MetaSchema, Type, variableNames, type Plugin } from '@sluice/kernel'
import { GatewaySchema } from './gateway-schema.ts'
import { httpProxy } from './http-proxy-config.ts'
import { ProtoSchema, SecretSchema, SslSchema, StreamRouteSchema } from './data-schemas.ts'
import { ConsumerGroupSchema, ConsumerSchema, CredentialSchema, GlobalRuleSchema, PluginConfigSchema, RouteSchema, ServiceSchema } from './resource-schemas.ts'
import { schemaRows, unsupportedIn, type SchemaRow } from './schema-rows.ts'
import { UpstreamSchema } from './upstream-schema.ts'

const FileSchema = Type.Object({
  version: Type.Optional(Type.Unsafe({ type: ['string', 'number'], description: 'Of the format; not looked at.' })),
  gateway: Type.Optional(Type.Object({}, { description: 'The settings of the process.' })),
  routes: Type.Optional(Type.Array(Type.Object({}), { description: 'Which requests are served, and by what.' })),
  services: Type.Optional(Type.Array(Type.Object({}), { description: 'What several routes share.' })),
  upstreams: Type.Optional(Type.Array(Type.Object({}), { description: 'Where ordinary requests are proxied to.' })),
  plugin_configs: Type.Optional(Type.Array(Type.Object({}), { description: 'Plugins that several routes share.' })),
  global_rules: Type.Optional(Type.Array(Type.Object({}), { description: 'Plugins that run for every request.' })),
  consumers: Type.Optional(
    Type.Array(Type.Object({}), { description: 'Who sends requests; and their credentials, by the id `<username>/credentials/<id>`.' }),
  ),
  consumer_groups: Type.Optional(Type.Array(Type.Object({}), { description: 'Plugins that several consumers share.' })),
  ssls: Type.Optional(Type.Array(Type.Object({}), { description: 'Certificates. Kept for tools; nothing acts on them yet.' })),
  secrets: Type.Optional(Type.Array(Type.Object({}), { description: 'Where secrets are kept. Kept for tools; nothing acts on them yet.' })),
  protos: Type.Optional(Type.Array(Type.Object({}), { description: 'Protobuf definitions. Kept for tools; nothing acts on them.' })),
  stream_routes: Type.Optional(Type.Array(Type.Object({}), { description: 'Routes of layer 4. Kept for tools; nothing acts on them.' })),
  plugin_metadata: Type.Optional(
    Type.Unsafe({
      type: ['object', 'array'],
      description:
        'Settings of a plugin for the whole process: a map by plugin name, or a list whose entries name the plugin as `id`.',
    }),
  ),
})

const intro = `# Configuration reference

Generated from the schemas; do not edit.

One YAML or JSON file. A field that is not listed here is refused, with its path. \`a.b\` is the member \`b\` of \`a\`,
\`a[]\` an item of the list \`a\`, \`a.*\` a member of any name. In plugin configurations, upstreams and the \`gateway\`
section a text may be \`$env://NAME\`, the environment variable of that name, or \`$env://NAME/key\`, a member of the
JSON object in it. 🔒 marks secrets, which are never shown.

Where a consumer, its group, a route, its plugin config and its service name the same plugin, the first of them wins, whole. What a
consumer writes for a plugin that authenticates is a credential.`

const variables = `## Variables

\`vars\` and \`_meta.filter\` are [expressions](../expr/README.md#rules) over these; \`gateway.access_log.format\` names them
with a \`$\` before ([formats](../access-log/README.md#formats)). Times are seconds, those of \`llm_\` and \`apisix_\` milliseconds.

| Variable | What it is |
| --- | --- |
| \`arg_NAME\`, \`cookie_NAME\` | A query parameter, a cookie. |
| \`http_NAME\` | A request header: \`http_x_team\` is \`X-Team\`. |
| \`sent_http_NAME\`, \`upstream_http_NAME\` | A header of the answer, and of upstream’s answer. |
| \`uri_param_NAME\` | What \`:name\` stood for in the route’s \`uri\`. |
| \`post_arg.PATH\` | A field of a JSON body: \`post_arg.model\`, \`post_arg.metadata.tier\`, or a JSONPath: \`post_arg.messages[*].role\`. |
| \`post_arg_NAME\` | A field of a form. |`

/** The configuration reference in Markdown, from the schemas of the resources and of these plugins. Pure. */
export function referenceMarkdown(plugins: Iterable<Plugin>): string {
  const shown = [...plugins].filter(({ name }) => name !== httpProxy).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const blocks = [
    intro,
    section('## The file', FileSchema),
    section('## `gateway`', GatewaySchema),
    section('## `routes[]`', RouteSchema),
    section('## `services[]`', ServiceSchema),
    section('## `upstreams[]`', UpstreamSchema),
    section('## `plugin_configs[]`', PluginConfigSchema),
    section('## `global_rules[]`', GlobalRuleSchema),
    section('## `consumers[]`', ConsumerSchema),
    section('## `consumers[]` that are credentials', CredentialSchema),
    section('## `consumer_groups[]`', ConsumerGroupSchema),
    section('## `ssls[]`', SslSchema),
    section('## `secrets[]`', SecretSchema),
    section('## `protos[]`', ProtoSchema),
    section('## `stream_routes[]`', StreamRouteSchema),
    '## Plugins',
    section('### `_meta`, in every plugin configuration', MetaSchema),
    ...shown.flatMap(pluginSections),
    variables,
    `Of every request: ${listed(variableNames)}.`,
    ...shown.flatMap(variablesOf),
  ]
  return `${blocks.join('\n\n')}\n`
}

function pluginSections({ name, priority, schema, metadataSchema, consumerSchema, answers, authenticates }: Plugin): string[] {
  const role = `${answers ? '; answers requests' : ''}${authenticates ? '; finds the consumer' : ''}`
  const heading = `### \`${name}\`\n\nPriority ${priority}${role}.`
  const credential = consumerSchema ? [section(`#### \`${name}\` of a consumer or a credential`, consumerSchema)] : []
  const metadata = metadataSchema ? [section(`#### \`plugin_metadata.${name}\``, metadataSchema)] : []
  return [section(heading, schema), ...credential, ...metadata]
}

function variablesOf({ name, variables: own = {} }: Plugin): string[] {
  const names = Object.keys(own)
  return names.length > 0 ? [`Of \`${name}\`: ${listed(names)}.`] : []
}

function listed(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ')
}

function section(heading: string, schema: object): string {
  const { description } = schema as { description?: string }
  const rows = schemaRows(schema)
  const unsupported = unsupportedIn(schema)
  const parts = [
    heading,
    description,
    rows.length > 0 ? table(rows) : 'No fields.',
    unsupported.length > 0 ? `Not supported yet: ${listed(unsupported)}.` : undefined,
  ]
  return parts.filter((part) => part !== undefined).join('\n\n')
}

function table(rows: readonly SchemaRow[]): string {
  const lines = rows.map((row) => {
    const name = `\`${row.field}\`${row.isSecret ? ' 🔒' : ''}`
    const fallback = row.default === undefined ? '' : `\`${row.default}\``
    return [name, row.type, row.isRequired ? 'yes' : '', fallback, row.range, row.description].map(cell).join(' | ')
  })
  return ['Field | Type | Required | Default | Range | What it is', '--- | --- | --- | --- | --- | ---', ...lines]
    .map((line) => `| ${line} |`)
    .join('\n')
}

/** A bar would end the cell, a line break the row. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')
}
