import { EntraTokens, entraTokenUri, GcpTokens, parseServiceAccount, type TokenCache } from '@sluice/cloud-auth'
import type { Dispatcher } from 'undici'
import type { Config } from './config.ts'

/** Where a cloud's access tokens come from. */
export interface TokenSource {
  readonly uri: string
  open(dispatcher: Dispatcher): TokenCache
}

/** Credentials of a cloud that cannot be used; `at` is the field below `auth`. */
export class BadCredentials extends Error {
  override readonly name = 'BadCredentials'
  readonly at: readonly string[]

  constructor(at: readonly string[], message: string) {
    super(message)
    this.at = at
  }
}

/** The source that `auth` names; undefined where it names none. `gcpServiceAccount` is the key file of `auth.gcp` without one of its own. Throws `BadCredentials`. */
export function tokenSource(config: Config, gcpServiceAccount: string | undefined): TokenSource | undefined {
  const { gcp, azure } = config.auth
  if (gcp && azure) throw new BadCredentials(['azure'], 'stands beside gcp: a request carries one token')
  return gcpSource(config, gcpServiceAccount) ?? azureSource(config)
}

function gcpSource({ auth: { gcp }, timeout }: Config, fallback: string | undefined): TokenSource | undefined {
  if (!gcp) return undefined
  const json = gcp.service_account_json ?? fallback
  if (json === undefined) throw new BadCredentials(['gcp'], 'service_account_json is not given, and GCP_SERVICE_ACCOUNT is not set')
  const key = readAt(['gcp', ...(gcp.service_account_json === undefined ? [] : ['service_account_json'])], () => parseServiceAccount(json))
  return {
    uri: key.tokenUri,
    open: (dispatcher) => new GcpTokens({ key, dispatcher, timeout, ...timesOf(gcp) }),
  }
}

function azureSource({ auth: { azure }, timeout }: Config): TokenSource | undefined {
  if (!azure) return undefined
  const { tenant_id: tenant, client_id: clientId, client_secret: clientSecret, authority, scope } = azure
  readAt(['azure', 'tenant_id'], () => entraTokenUri(tenant))
  const uri = readAt(['azure', 'authority'], () => entraTokenUri(tenant, authority))
  return {
    uri,
    open: (dispatcher) => new EntraTokens({ tokenUri: uri, clientId, clientSecret, scope, dispatcher, timeout, ...timesOf(azure) }),
  }
}

function timesOf({ max_ttl: maxTtl, expire_early_secs: expireEarlySecs }: { max_ttl?: number; expire_early_secs: number }) {
  return { expireEarlySecs, ...(maxTtl !== undefined && { maxTtl }) }
}

function readAt<T>(at: readonly string[], read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new BadCredentials(at, (error as Error).message)
  }
}
