import { check, type Issue } from '@sluice/kernel'
import { resolveReferences, type Env } from './env.ts'
import { GatewaySchema, type GatewaySettings } from './gateway-schema.ts'
import { isAddress, notAddress } from './is-address.ts'
import { isRecord } from './is-record.ts'

interface Written {
  readonly access_log?: boolean | { path: string }
  readonly admin?: object
  readonly store?: Readonly<Record<string, unknown>>
  readonly trusted_proxies?: readonly string[]
  readonly max_body_bytes?: number
  readonly max_buffered_bytes?: number
  readonly header_timeout_ms?: number
  readonly request_timeout_ms?: number
}

/**
 * Checks the `gateway` section of a file alone, before there is a kernel: it names the plugins to load. Settings are there
 * where there are no issues. `checkResources` checks this section again, with everything else.
 */
export function checkSettings(written: unknown, env: Env): { settings?: GatewaySettings; issues: readonly Issue[] } {
  const path = ['gateway']
  const issues: Issue[] = []
  const resolved = resolveReferences(written ?? {}, path, env, issues)
  const checked = check(GatewaySchema, resolved, path)
  const known = new Set(issues.map((issue) => issue.path.join('\0')))
  issues.push(...checked.issues.filter((issue) => !known.has(issue.path.join('\0'))))
  if (!isRecord(checked.value)) return { issues }
  const complete: Written = checked.value
  issues.push(...proxyIssues(complete, path), ...orderIssues(complete, path), ...keyIssues(complete, path), ...storeIssues(complete, [...path, 'store']))
  if (issues.length > 0) return { issues }
  const access = complete.access_log === true ? { path: '/dev/stdout' } : complete.access_log
  return { settings: { ...checked.value, access_log: access } as unknown as GatewaySettings, issues }
}

function proxyIssues({ trusted_proxies: proxies }: Written, path: Issue['path']): Issue[] {
  if (!Array.isArray(proxies)) return []
  return proxies.flatMap((proxy: unknown, index) =>
    typeof proxy === 'string' && !isAddress(proxy)
      ? [{ path: [...path, 'trusted_proxies', index], message: notAddress }]
      : [],
  )
}

/** Whoever may reach it may change everything: it never serves without a key. */
function keyIssues({ admin }: Written, path: Issue['path']): Issue[] {
  if (!isRecord(admin) || 'key' in admin || 'keys' in admin) return []
  return [{ path: [...path, 'admin', 'key'], message: 'is required' }]
}

/** What `etcd` needs, and nothing else has. */
function storeIssues({ store }: Written, path: Issue['path']): Issue[] {
  if (!isRecord(store) || !['file', 'memory', 'etcd'].includes(String(store['type']))) return []
  const { type, readonly: _, ...others } = store
  if (type !== 'etcd') return Object.keys(others).map((name) => ({ path: [...path, name], message: `is for the type etcd; this one is ${String(type)}` }))
  const issues: Issue[] = []
  const need = (holder: Readonly<Record<string, unknown>>, at: Issue['path'], a: string, b: string): void => {
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      if (one in holder && !(other in holder)) issues.push({ path: [...at, other], message: `is required where there is ${one}` })
    }
  }
  if (!('endpoints' in store)) issues.push({ path: [...path, 'endpoints'], message: 'is required' })
  if (store['cache'] === true) issues.push({ path: [...path, 'cache'], message: 'must be a path or false' })
  need(store, path, 'user', 'password')
  if (isRecord(store['tls'])) need(store['tls'], [...path, 'tls'], 'cert', 'key')
  return issues
}

/** Of two settings, the first may not be less than the second. */
const ordered = [
  ['max_buffered_bytes', 'max_body_bytes'],
  ['request_timeout_ms', 'header_timeout_ms'],
] as const

function orderIssues(written: Written, path: Issue['path']): Issue[] {
  return ordered.flatMap(([larger, smaller]) => {
    const [most, least] = [written[larger], written[smaller]]
    if (typeof most !== 'number' || typeof least !== 'number' || most >= least) return []
    return [{ path: [...path, larger], message: `must not be less than ${smaller}, which is ${least}` }]
  })
}
