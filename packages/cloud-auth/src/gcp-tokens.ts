import { SignJWT } from 'jose'
import type { Dispatcher } from 'undici'
import { postForm } from './post-form.ts'
import { readGrant } from './read-grant.ts'
import type { ServiceAccountKey } from './service-account.ts'
import { TokenCache } from './token-cache.ts'

/** What a `GcpTokens` needs: a key and the client to send with, which is the caller's to close. */
export interface GcpTokensOptions {
  readonly key: ServiceAccountKey
  /** Seconds that no token outlives, whatever was granted. Without it the granted time counts alone. */
  readonly maxTtl?: number
  /** Seconds before its end at which a token is replaced; 60 by default. */
  readonly expireEarlySecs?: number
  readonly dispatcher: Dispatcher
  /** Unix time, milliseconds. */
  readonly now?: () => number
  /** Milliseconds for one request to the token endpoint as a whole; 10,000 by default. */
  readonly timeout?: number
  /** Scopes, separated by spaces; `cloud-platform` by default. */
  readonly scope?: string
}

const what = 'gcp access token'

/**
 * Access tokens of a GCP service account, by the JWT bearer flow
 * (https://developers.google.com/identity/protocols/oauth2/service-account#httprest). One token is held and shared.
 */
export class GcpTokens extends TokenCache {
  constructor(options: GcpTokensOptions) {
    const { key, dispatcher, maxTtl = Infinity, expireEarlySecs = 60, now = Date.now, timeout = 10_000 } = options
    const { scope = 'https://www.googleapis.com/auth/cloud-platform' } = options
    super({
      maxTtl,
      expireEarlySecs,
      now,
      async fetch(signal) {
        const assertion = await sign(key, scope, now())
        const form = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }
        return readGrant(await postForm({ what, url: key.tokenUri, form, dispatcher, timeout, signal }), what)
      },
    })
  }
}

function sign(key: ServiceAccountKey, scope: string, now: number): Promise<string> {
  const { clientEmail, privateKey, privateKeyId, tokenUri } = key
  const issuedAt = Math.floor(now / 1_000)
  return new SignJWT({ scope })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(privateKeyId !== undefined && { kid: privateKeyId }) })
    .setIssuer(clientEmail)
    .setAudience(tokenUri)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + 3_600) // Google takes an hour at most.
    .sign(privateKey)
}
