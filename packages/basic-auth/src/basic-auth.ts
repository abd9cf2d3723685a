import { createGate, gateFields, presentedInHeader, type Refusal } from '@sluice/auth'
import { definePlugin, Type, type Credential, type Exchange, type Plugin, type Static } from '@sluice/kernel'
import { isSame } from './is-same.ts'

const ConfigSchema = Type.Object(gateFields('basic'), { additionalProperties: false })

const ConsumerSchema = Type.Object(
  {
    // A colon ends the name on the wire: RFC 7617 §2.
    username: Type.String({ minLength: 1, pattern: '^[^:]+$', expects: 'a name without a colon', description: 'The user’s name; no two consumers have the same.' }),
    password: Type.String({ minLength: 1, secret: true, description: 'The password.' }),
  },
  { additionalProperties: false },
)

const missing: Refusal = { code: 'missing_credential', message: 'Missing authorization in request' }
const malformed: Refusal = { code: 'invalid_credential', message: 'Invalid authorization in request' }
const invalid: Refusal = { code: 'invalid_credential', message: 'Invalid user authorization' }
const name = 'basic-auth'

/** Finds the consumer by user name and password, as RFC 7617 has them. */
export const basicAuth: Plugin = definePlugin({
  name,
  priority: 2520,
  sharesInstances: true,
  authenticates: true,
  schema: ConfigSchema,
  consumerSchema: ConsumerSchema,
  credentialKey: ({ username }) => username,
  setup: (config) => {
    const gate = createGate('Basic', config)
    return { rewrite: (ctx) => gate(ctx, find(ctx)) }
  },
})

function find(ctx: Exchange): Credential | Refusal {
  const header = presentedInHeader(ctx, 'authorization')
  if (!header) return missing
  const user = userIn(header)
  if (!user) return malformed
  const credential = ctx.consumers.find(name, user.name)
  // Compared also where there is no such user: how long it takes does not tell who exists.
  const password = credential ? (credential.config as Static<typeof ConsumerSchema>).password : ''
  return isSame(user.password, password) && credential ? credential : invalid
}

/** Strict base64 of UTF-8, with a colon in it: lenient readers would take several texts for one user. */
function userIn(header: string): { name: string; password: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header)?.[1]
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64').replace(/=+$/, '') !== encoded.replace(/=+$/, '')) return undefined
  const text = bytes.toString()
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) }
}
