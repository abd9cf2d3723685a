import type { Dispatcher } from 'undici'
import { postForm } from './post-form.ts'
import { readGrant } from './read-grant.ts'
import { TokenCache } from './token-cache.ts'

/** What an `EntraTokens` needs: an application of Microsoft Entra ID and the client to send with, which is the caller's to close. */
export interface EntraTokensOptions {
  /** The token endpoint, as `entraTokenUri` gives it. */
  readonly tokenUri: string
  readonly clientId: string
  readonly clientSecret: string
  readonly dispatcher: Dispatcher
  /** What the token is for; Azure's AI services by default. */
  readonly scope?: string
  /** Seconds that no token outlives, whatever was granted. Without it the granted time counts alone. */
  readonly maxTtl?: number
  /** Seconds before its end at which a token is replaced; 60 by default. */
  readonly expireEarlySecs?: number
  /** Unix time, milliseconds. */
  readonly now?: () => number
  /** Milliseconds for one request to the token endpoint as a whole; 10,000 by default. */
  readonly timeout?: number
}

const what = 'entra id access token'

/**
 * Access tokens of an application in Microsoft Entra ID, by its client secret
 * (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow). One token is held and shared.
 */
export class EntraTokens extends TokenCache {
  constructor(options: EntraTokensOptions) {
    const { tokenUri: url, clientId, clientSecret, dispatcher, timeout = 10_000 } = options
    const { maxTtl = Infinity, expireEarlySecs = 60, now = Date.now, scope = 'https://cognitiveservices.azure.com/.default' } = options
    const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret, scope }
    super({
      maxTtl,
      expireEarlySecs,
      now,
      async fetch(signal) {
        const { status, body } = await postForm({ what, url, form, dispatcher, timeout, signal })
        return readGrant({ status, body: without(clientSecret, body) }, what)
      },
    })
  }
}

/** The address of a tenant's token endpoint. Throws an `Error` that says which of the two is wrong. */
export function entraTokenUri(tenantId: string, authority = 'https://login.microsoftonline.com'): string {
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(tenantId)) {
    throw new Error('tenant_id must be the id or the domain of a tenant, such as contoso.onmicrosoft.com')
  }
  const url = URL.canParse(authority) ? new URL(authority) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search || url.hash || url.username || url.password) {
    throw new Error('authority must be http(s):// and a host, such as https://login.microsoftonline.us')
  }
  return `${url.origin}/${tenantId}/oauth2/v2.0/token`
}

/** An endpoint may quote what it was sent, and its words are told to operators. */
function without(secret: string, text: string): string {
  const spellings = new Set([JSON.stringify(secret).slice(1, -1), secret, encodeURIComponent(secret.toWellFormed()), new URLSearchParams({ '': secret }).toString().slice(1)])
  return [...spellings].reduce((kept, spelling) => kept.replaceAll(spelling, '[redacted]'), text)
}
