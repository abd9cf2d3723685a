import { oneOf, Type } from '@sluice/kernel'
import { closed, listen, pem, type Listen } from './field.ts'

const Key = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 64, description: 'Whose it is; the log names it.' }),
    key: Type.String({ minLength: 1, secret: true, description: 'What is sent.' }),
    role: oneOf(['admin', 'viewer'], { default: 'admin', description: 'A viewer reads, and nothing else.' }),
    dialect: Type.Optional(
      oneOf(['apisix', 'api7'], { description: 'How whoever shows it is answered, where the request itself does not tell.' }),
    ),
  },
  { ...closed, description: 'One key.' },
)

/** The Admin API. That it has a key is checked beside it. */
export const AdminSchema = Type.Object(
  {
    listen: listen('127.0.0.1', 9180, 'Where the Admin API listens.'),
    key: Type.Optional(
      Type.String({
        minLength: 1,
        secret: true,
        description: 'What its clients must send, as `X-API-KEY`; there is no default. Required where there are no `keys`.',
      }),
    ),
    keys: Type.Optional(Type.Array(Key, { minItems: 1, description: 'Several, in place of `key` or beside it.' })),
    tls: Type.Optional(
      Type.Object(
        {
          cert: pem('Certificate'),
          key: pem('Its private key', true),
          client_ca: Type.Optional(pem('Certificates that sign those which clients must show')),
        },
        { ...closed, description: 'Serves HTTPS.' },
      ),
    ),
  },
  { ...closed, description: 'The Admin API; none if absent. A change needs a restart.' },
)

export interface AdminSettings {
  readonly listen: Listen
  readonly key?: string
  readonly keys?: readonly { readonly name: string; readonly key: string; readonly role: 'admin' | 'viewer'; readonly dialect?: 'apisix' | 'api7' }[]
  readonly tls?: { readonly cert: string; readonly key: string; readonly client_ca?: string }
}
