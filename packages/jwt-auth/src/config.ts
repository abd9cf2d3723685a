import { gateFields, headerField } from '@sluice/auth'
import { oneOf, Type, type Issue, type Static } from '@sluice/kernel'
import { keyOf } from './key-of.ts'

/** What stands on a route. */
export const ConfigSchema = Type.Object(
  {
    header: headerField('authorization', 'The header that holds the token, behind `Bearer` or alone.'),
    query: Type.String({ default: 'jwt', minLength: 1, description: 'The query parameter that holds it where the header is absent.' }),
    cookie: Type.String({ default: 'jwt', minLength: 1, description: 'The cookie that holds it where both are absent.' }),
    key_claim_name: Type.String({ default: 'key', minLength: 1, description: 'The claim that names the credential by its `key`.' }),
    claims_to_verify: Type.Optional(
      Type.Array(oneOf(['exp', 'nbf']), { uniqueItems: true, description: 'Claims that a token must have. Those that it has are verified in any case.' }),
    ),
    store_in_ctx: Type.Boolean({ default: false, description: 'Keep the claims for other plugins, in the slot `jwtClaims` of this package.' }),
    ...gateFields('jwt'),
  },
  { additionalProperties: false },
)

const algorithms = ['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'EdDSA'] as const

/** What a consumer writes. */
export const ConsumerSchema = Type.Object(
  {
    key: Type.String({ minLength: 1, description: 'What tokens name the credential by; no two consumers have the same.' }),
    algorithm: oneOf(algorithms, { default: 'HS256', description: 'How tokens are signed; what a token says of it does not count.' }),
    secret: Type.Optional(Type.String({ minLength: 1, secret: true, description: 'What HS tokens are signed with.' })),
    base64_secret: Type.Boolean({ default: false, description: '`secret` is written in base64.' }),
    public_key: Type.Optional(Type.String({ minLength: 1, description: 'What all others are verified with: a public key or a certificate, PEM.' })),
    exp: Type.Integer({ default: 86_400, minimum: 1, description: 'Seconds for which tools that sign tokens let them live; tokens bring their own.' }),
    lifetime_grace_period: Type.Integer({ default: 0, minimum: 0, description: 'Seconds by which clocks may differ.' }),
  },
  { additionalProperties: false, unsupported: ['private_key', 'vault'] },
)

export type Config = Static<typeof ConfigSchema>
export type ConsumerConfig = Static<typeof ConsumerSchema>

/** Finds keys that cannot verify what they are to verify. */
export function validateConsumer(config: ConsumerConfig, path: Issue['path']): readonly Issue[] {
  const field = isSymmetric(config) ? 'secret' : 'public_key'
  if (config[field] === undefined) return [{ path: [...path, field], message: `is required for ${config.algorithm}` }]
  try {
    keyOf(config)
    return []
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return [{ path: [...path, field], message: error.message }]
  }
}

function isSymmetric({ algorithm }: ConsumerConfig): boolean {
  return algorithm.startsWith('HS')
}
