import { createGate, gateFields, headerField, presentedInHeader, presentedInQuery, type Refusal } from '@sluice/auth'
import { definePlugin, Type, type Credential, type Exchange, type Plugin, type Static } from '@sluice/kernel'

const ConfigSchema = Type.Object(
  {
    header: headerField('apikey', 'The header that holds the key. Of `Authorization` also what stands behind `Bearer`.'),
    query: Type.String({ default: 'apikey', minLength: 1, description: 'The query parameter that holds it where the header is absent.' }),
    ...gateFields('key'),
  },
  { additionalProperties: false },
)

const ConsumerSchema = Type.Object(
  { key: Type.String({ minLength: 1, secret: true, description: 'The key; no two consumers have the same.' }) },
  { additionalProperties: false },
)

const missing: Refusal = { code: 'missing_credential', message: 'Missing API key in request' }
const invalid: Refusal = { code: 'invalid_credential', message: 'Invalid API key in request' }
const name = 'key-auth'

/** Finds the consumer by an API key in a header or in the query: a digest and a look-up. */
export const keyAuth: Plugin = definePlugin({
  name,
  priority: 2500,
  sharesInstances: true,
  authenticates: true,
  schema: ConfigSchema,
  consumerSchema: ConsumerSchema,
  credentialKey: ({ key }) => key,
  setup: (config) => {
    const find = finder(config)
    const gate = createGate('apikey', config)
    return { rewrite: (ctx) => gate(ctx, find(ctx)) }
  },
})

function finder({ header, query }: Static<typeof ConfigSchema>): (ctx: Exchange) => Credential | Refusal {
  const headerName = header.toLowerCase()
  const takesBearer = headerName === 'authorization'
  return (ctx) => {
    const inHeader = presentedInHeader(ctx, headerName)
    const inQuery = presentedInQuery(ctx, query)
    const key = inHeader || inQuery[0]
    if (!key) return missing
    if (!inHeader && inQuery.length > 1) return invalid
    return ctx.consumers.find(name, key) ?? (takesBearer ? ofBearer(ctx, key) : undefined) ?? invalid
  }
}

/** The SDKs of providers send their key so. */
function ofBearer(ctx: Exchange, value: string): Credential | undefined {
  const token = /^bearer +(\S+) *$/i.exec(value)?.[1]
  return token === undefined ? undefined : ctx.consumers.find(name, token)
}
