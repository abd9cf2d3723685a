import { oneOf, Type } from '@sluice/kernel'
import { AdminSchema, type AdminSettings } from './admin-schema.ts'
import { closed, listen, type Listen } from './field.ts'
import { StoreSchema, type StoreSettings } from './store-schema.ts'

const AccessLog = Type.Unsafe({
  type: ['object', 'boolean'],
  properties: {
    path: Type.String({ default: '/dev/stdout', minLength: 1, description: 'File that lines are appended to.' }),
    format: Type.Unsafe({
      type: ['object', 'string'],
      additionalProperties: { type: ['string', 'number', 'boolean', 'object', 'array', 'null'] },
      description: 'An object: one JSON object a line. A string: text. `$name` is a variable.',
    }),
  },
  additionalProperties: false,
  default: {},
  description: 'One line for every exchange; `false` switches it off.',
})

/** The settings of the process: the file’s `gateway` section. */
export const GatewaySchema = Type.Object(
  {
    listen: listen('127.0.0.1', 9080, 'Where requests come in. A change needs a restart.'),
    admin: Type.Optional(AdminSchema),
    control: Type.Optional(
      Type.Object(
        { listen: listen('127.0.0.1', 9090, 'Where the control API listens; it asks for no key.') },
        { ...closed, description: 'The control API, for tools on the same machine; none if absent. A change needs a restart.' },
      ),
    ),
    store: StoreSchema,
    group: Type.String({
      default: 'default',
      minLength: 1,
      maxLength: 256,
      description: 'The gateway group that is served; `default` is what this file holds. A change needs a restart.',
    }),
    status: Type.Object(
      { listen: listen('127.0.0.1', 7085, 'Where `/healthz` and `/readyz` answer, without a key.') },
      { ...closed, default: {}, description: 'For those who watch over the process.' },
    ),
    plugins: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      uniqueItems: true,
      description: 'Your own plugins: paths relative to this file (`./x.ts`), absolute paths, or package names.',
    }),
    access_log: AccessLog,
    workers: Type.Unsafe<number | string>({
      type: ['integer', 'string'],
      minimum: 1,
      maximum: 1_024,
      pattern: '^auto$',
      expects: 'a number or auto',
      default: 1,
      description: 'Processes that serve; `auto`: one a core. A change needs a restart.',
    }),
    drain_timeout_ms: Type.Integer({
      default: 30_000,
      minimum: 0,
      maximum: 3_600_000,
      description: 'Milliseconds that exchanges under way get to finish when the gateway is told to stop.',
    }),
    log: Type.Object(
      {
        level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
          default: 'info',
          description: 'The least serious lines that are written.',
        }),
      },
      { ...closed, default: {}, description: 'The gateway’s own log, JSON lines on stderr.' },
    ),
    max_body_bytes: Type.Integer({
      default: 67_108_864,
      minimum: 1,
      maximum: 1_073_741_824,
      description: 'Bytes of a request body that are read into memory; a larger one is answered with 413.',
    }),
    max_buffered_bytes: Type.Integer({
      default: 1_073_741_824,
      minimum: 1,
      description:
        'Bytes of request bodies above 64 KiB that are in memory at once, all together; a request that would exceed them is answered with 503. What is read ahead of an upload that nobody takes yet uses half of it at most.',
    }),
    max_connections: Type.Integer({
      default: 16_384,
      minimum: 1,
      description: 'Connections of clients that are open at once; one more closes the oldest on which no request is under way.',
    }),
    header_timeout_ms: Type.Integer({
      default: 60_000,
      minimum: 100,
      maximum: 86_400_000,
      description: 'Milliseconds that the head of a request may take to arrive.',
    }),
    request_timeout_ms: Type.Integer({
      default: 300_000,
      minimum: 100,
      maximum: 86_400_000,
      description: 'Milliseconds that a request may take to arrive, its body included; a later one is answered with 408.',
    }),
    stream_keepalive_ms: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 86_400_000,
      description:
        'Milliseconds between two comments to a client whose stream has not begun, so that nothing in between takes it for dead; 0: none. The first one sends the head: what fails behind it is told in the stream. Streams of Bedrock’s clients have no comments.',
    }),
    debug_headers: Type.Boolean({
      default: false,
      description: 'Answers show the plugins of their route (`Apisix-Plugins`) and the status of upstream (`X-APISIX-Upstream-Status`; of 5xx always).',
    }),
    trusted_proxies: Type.Array(Type.String(), {
      default: [],
      description: 'Addresses and CIDR ranges of proxies in front, whose `X-Forwarded-*` headers are believed.',
    }),
  },
  { ...closed, description: 'The settings of the process.' },
)

/** The `gateway` section, checked and completed. */
export interface GatewaySettings {
  readonly listen: Listen
  readonly admin?: AdminSettings
  readonly control?: { readonly listen: Listen }
  readonly store: StoreSettings
  readonly group: string
  readonly status: { readonly listen: Listen }
  /** As written: paths relative to the file, absolute ones, package names. */
  readonly plugins: readonly string[]
  /** False: switched off. `format` is the access log’s own default where it is absent. */
  readonly access_log: false | { readonly path: string; readonly format?: string | Readonly<Record<string, unknown>> }
  /** `auto`: one a core. */
  readonly workers: number | 'auto'
  readonly drain_timeout_ms: number
  readonly log: { readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent' }
  readonly max_body_bytes: number
  /** Not less than `max_body_bytes`. */
  readonly max_buffered_bytes: number
  readonly max_connections: number
  readonly header_timeout_ms: number
  /** Not less than `header_timeout_ms`. */
  readonly request_timeout_ms: number
  readonly stream_keepalive_ms: number
  readonly debug_headers: boolean
  readonly trusted_proxies: readonly string[]
}
