import { createGate, presentedInCookie, presentedInHeader, presentedInQuery, type Refusal } from '@sluice/auth'
import { definePlugin, slot, type Credential, type Exchange, type Plugin, type Slot } from '@sluice/kernel'
import { decodeJwt, errors, jwtVerify, type JWTPayload } from 'jose'
import { ConfigSchema, ConsumerSchema, validateConsumer, type Config, type ConsumerConfig } from './config.ts'
import { keyOf } from './key-of.ts'

/** The claims of the token that let an exchange in, where `store_in_ctx` asks for them. */
export const jwtClaims: Slot<JWTPayload> = slot('jwt-auth.claims')

const refusal = (message: string): Refusal => ({ code: 'invalid_credential', message })
const missing: Refusal = { code: 'missing_credential', message: 'Missing JWT token in request' }
const invalid = refusal('JWT token invalid')
const keyless = refusal('missing user key in JWT token')
const unknown = refusal('Invalid user key in JWT token')
const unverified = refusal('failed to verify jwt')

const name = 'jwt-auth'
/** Characters; longer ones are not looked at. */
const longestToken = 16_384

/** Finds the consumer by a signed token in a header, the query or a cookie. */
export const jwtAuth: Plugin = definePlugin({
  name,
  priority: 2510,
  sharesInstances: true,
  authenticates: true,
  schema: ConfigSchema,
  consumerSchema: ConsumerSchema,
  credentialKey: ({ key }) => key,
  validateConsumer,
  setup: (config) => {
    const header = config.header.toLowerCase()
    const gate = createGate('Bearer', config)
    return { rewrite: async (ctx) => gate(ctx, await find(ctx, { ...config, header })) }
  },
})

async function find(ctx: Exchange, config: Config): Promise<Credential | Refusal> {
  const token = tokenIn(ctx, config)
  if (!token) return missing
  const claimed = token === ambiguous || token.length > longestToken ? undefined : claimsIn(token)
  if (!claimed) return invalid
  const key = claimed[config.key_claim_name]
  if (typeof key !== 'string' || key === '') return keyless
  const credential = ctx.consumers.find(name, key)
  if (!credential) return unknown
  const claims = await verified(token, credential.config as ConsumerConfig, ctx.clock.now(), config.claims_to_verify ?? [])
  if (!claims) return unverified
  if (config.store_in_ctx) ctx.set(jwtClaims, claims)
  return credential
}

/** No token: nobody can tell which of two was meant. */
const ambiguous = ' '

/** All places are noted, also those that are not looked into: none of them is anybody else’s to see. */
function tokenIn(ctx: Exchange, { header, query, cookie }: Config): string | undefined {
  const inHeader = presentedInHeader(ctx, header)
  const inQuery = presentedInQuery(ctx, query)
  const inCookie = presentedInCookie(ctx, cookie)
  if (inHeader) return inHeader.replace(/^bearer +/i, '').trimEnd()
  if (inQuery.length > 1) return ambiguous
  return inQuery[0] || inCookie
}

/** What a token says, not verified. */
function claimsIn(token: string): JWTPayload | undefined {
  try {
    return decodeJwt(token)
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined
    throw error
  }
}

/** The algorithm is the credential's: one that a token chose for itself could be `none`, or make a public key a secret. */
async function verified(token: string, config: ConsumerConfig, now: number, requiredClaims: string[]): Promise<JWTPayload | undefined> {
  const { algorithm, lifetime_grace_period: clockTolerance } = config
  try {
    const { payload } = await jwtVerify(token, keyOf(config), { algorithms: [algorithm], clockTolerance, currentDate: new Date(now), requiredClaims })
    return payload
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined
    throw error
  }
}
