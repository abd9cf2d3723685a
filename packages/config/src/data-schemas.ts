import { oneOf, Type } from '@sluice/kernel'
import { about, closed, Id, idThat, Plugins, times } from './field.ts'

// These are stored, validated and returned for the tools that manage them; nothing here acts on them yet.

const status = Type.Optional(Type.Unsafe<0 | 1>({ type: 'integer', enum: [0, 1], description: '0: switched off.' }))
const pem = (what: string, secret: boolean): ReturnType<typeof Type.String> =>
  Type.String({ minLength: 1, maxLength: 65_536, description: `${what}, PEM.`, ...(secret && { secret: true }) })
const Sni = Type.String({ description: 'A host name, or `*.example.com`.', minLength: 1, maxLength: 255, pattern: '^\\*?[0-9a-zA-Z.\\-]+$', expects: "a host name, with a '*' only in front of it" })

/** A certificate for a TLS listener. */
export const SslSchema = Type.Object(
  {
    id: Type.Optional(Id),
    ...about,
    type: Type.Optional(oneOf(['server', 'client'], { description: 'Shown to clients, or to upstreams.' })),
    sni: Type.Optional(Sni),
    snis: Type.Optional(Type.Array(Sni, { minItems: 1, description: 'Host names that it is for.' })),
    cert: pem('The certificate, with those that it rests on', false),
    key: pem('Its private key', true),
    certs: Type.Optional(Type.Array(pem('A further certificate', false), { description: 'Further certificates.' })),
    keys: Type.Optional(Type.Array(pem('A further private key', true), { description: 'Their private keys, in the same order.' })),
    client: Type.Optional(
      Type.Object(
        {
          ca: pem('Those that sign certificates of clients', false),
          depth: Type.Optional(Type.Integer({ minimum: 0, description: 'Longest chain of a client’s certificate.' })),
          skip_mtls_uri_regex: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { description: 'Paths that need none.' })),
        },
        { ...closed, description: 'Certificates that clients must show.' },
      ),
    ),
    ssl_protocols: Type.Optional(
      Type.Array(oneOf(['TLSv1.1', 'TLSv1.2', 'TLSv1.3']), { uniqueItems: true, description: 'Versions of TLS that are spoken.' }),
    ),
    status,
    validity_start: Type.Optional(Type.Integer({ description: 'Unix time, seconds.' })),
    validity_end: Type.Optional(Type.Integer({ description: 'Unix time, seconds.' })),
    ...times,
  },
  { ...closed, description: 'A certificate. Stored for tools; TLS is not served with it yet.' },
)

/** Where secrets are kept: of HashiCorp Vault, AWS or GCP, by what its id begins with. */
export const SecretSchema = Type.Object(
  {
    id: Type.Optional(
      Type.String({
        pattern: '^(vault|aws|gcp)/[a-zA-Z0-9._\\-]{1,64}$',
        expects: '<manager>/<id>, the manager being vault, aws or gcp',
        description: '`<manager>/<id>`: vault, aws or gcp, and a name.',
      }),
    ),
    ...about,
    uri: Type.Optional(Type.String({ minLength: 1, pattern: '^https?://', expects: 'an http or https URL', description: 'Of Vault.' })),
    prefix: Type.Optional(Type.String({ minLength: 1, description: 'Of the paths in Vault.' })),
    token: Type.Optional(Type.String({ minLength: 1, secret: true, description: 'For Vault.' })),
    namespace: Type.Optional(Type.String({ minLength: 1, description: 'In Vault.' })),
    access_key_id: Type.Optional(Type.String({ minLength: 1, description: 'For AWS.' })),
    secret_access_key: Type.Optional(Type.String({ minLength: 1, secret: true, description: 'For AWS.' })),
    session_token: Type.Optional(Type.String({ minLength: 1, secret: true, description: 'For AWS.' })),
    region: Type.Optional(Type.String({ minLength: 1, description: 'Of AWS.' })),
    endpoint_url: Type.Optional(Type.String({ minLength: 1, description: 'Of AWS.' })),
    auth_config: Type.Optional(
      Type.Object(
        {
          client_email: Type.String({ minLength: 1, description: 'Of the service account.' }),
          private_key: Type.String({ minLength: 1, secret: true, description: 'Of the service account.' }),
          project_id: Type.String({ minLength: 1, description: 'The project.' }),
          token_uri: Type.Optional(Type.String({ minLength: 1, description: 'Where tokens come from.' })),
          entries_uri: Type.Optional(Type.String({ minLength: 1, description: 'Where secrets are read.' })),
          scope: Type.Optional(Type.Array(Type.String(), { description: 'Of the tokens.' })),
        },
        { ...closed, description: 'For GCP.' },
      ),
    ),
    auth_file: Type.Optional(Type.String({ minLength: 1, description: 'For GCP: the file of a service account.' })),
    ssl_verify: Type.Optional(Type.Boolean({ description: 'Checks the certificate of GCP.' })),
    ...times,
  },
  { ...closed, description: 'Where secrets are kept. Stored for tools; `$secret://` is not resolved yet.' },
)

/** A protobuf definition. */
export const ProtoSchema = Type.Object(
  { id: Type.Optional(Id), ...about, content: Type.String({ minLength: 1, maxLength: 1_048_576, description: 'The definition.' }), ...times },
  { ...closed, description: 'A protobuf definition. Stored for tools; nothing uses it.' },
)

/** A route of layer 4. */
export const StreamRouteSchema = Type.Object(
  {
    id: Type.Optional(Id),
    ...about,
    remote_addr: Type.Optional(Type.String({ description: 'The client: an address, or a range in CIDR notation.' })),
    server_addr: Type.Optional(Type.String({ description: 'Address that the client has connected to.' })),
    server_port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535, description: 'Port that the client has connected to.' })),
    sni: Type.Optional(Sni),
    upstream: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'Where connections go.' })),
    upstream_id: Type.Optional(idThat('The id of an entry of `upstreams`.')),
    service_id: Type.Optional(idThat('The id of an entry of `services`.')),
    plugins: Type.Optional(Plugins),
    protocol: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'How connections are read.' })),
    ...times,
  },
  { ...closed, description: 'A route of layer 4. Stored for tools; only HTTP is served.' },
)
