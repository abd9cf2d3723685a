import { oneOf, Type } from '@sluice/kernel'
import { closed, pem } from './field.ts'

const etcd = (text: string): string => `Of \`etcd\`: ${text}`

/** Where resources live. What `etcd` needs, and others must not have, is checked beside it. */
export const StoreSchema = Type.Object(
  {
    type: oneOf(['file', 'memory', 'etcd'], {
      default: 'file',
      description:
        'Where what the Admin API changes is kept: `file`: written back to this file; `memory`: gone with the process, which begins with what this file holds and does not look at it again; `etcd`: shared by several gateways, of which this file holds the `gateway` section alone.',
    }),
    readonly: Type.Boolean({ default: false, description: 'The Admin API changes nothing.' }),
    endpoints: Type.Optional(
      Type.Array(Type.String({ pattern: '^https?://[^/@\\s]+/?$', expects: 'http://host:port or https://host:port', description: 'Such as `http://127.0.0.1:2379`.' }), {
        minItems: 1,
        uniqueItems: true,
        description: etcd('its members, version 3.4 or later. Required.'),
      }),
    ),
    prefix: Type.Optional(
      Type.String({
        pattern: '^/[^/].*[^/]$',
        maxLength: 256,
        expects: 'a path such as /apisix, without a slash at its end',
        description: etcd('what its keys begin with; `/apisix` by default. Gateway groups other than `default` stand below `<prefix>-groups/`.'),
      }),
    ),
    user: Type.Optional(Type.String({ minLength: 1, description: etcd('who reads and writes; goes with `password`.') })),
    password: Type.Optional(Type.String({ minLength: 1, secret: true, description: etcd('goes with `user`.') })),
    tls: Type.Optional(
      Type.Object(
        {
          ca: Type.Optional(pem('Certificates that sign those of etcd, in place of the well-known ones')),
          cert: Type.Optional(pem('Certificate that is shown to etcd')),
          key: Type.Optional(pem('Its private key', true)),
          server_name: Type.Optional(Type.String({ minLength: 1, description: 'Name that the certificate of etcd must have, where it is not the host of the endpoint.' })),
        },
        { ...closed, description: etcd('for endpoints of `https://`.') },
      ),
    ),
    cache: Type.Optional(
      Type.Unsafe<string | false>({
        type: ['string', 'boolean'],
        minLength: 1,
        expects: 'a path or false',
        description: etcd(
          'file, relative to this one, that keeps what was served last, so that a gateway also starts without etcd. It holds secrets as far as they are written out in resources, and is readable to its owner alone. By default it stands beside this file, as `<file>.etcd-cache`; `false`: none is kept.',
        ),
      }),
    ),
  },
  { ...closed, default: {}, description: 'Where resources live. A change needs a restart.' },
)

/** How etcd is reached, as it is written. */
export interface EtcdSettings {
  readonly type: 'etcd'
  readonly readonly: boolean
  readonly endpoints: readonly string[]
  readonly prefix?: string
  readonly user?: string
  readonly password?: string
  /** PEM, or paths relative to the file. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly server_name?: string }
  /** A path relative to the file; false: none. */
  readonly cache?: string | false
}

export type StoreSettings = { readonly type: 'file' | 'memory'; readonly readonly: boolean } | EtcdSettings
