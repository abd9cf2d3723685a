import type { Kind } from '@sluice/config'

const admin = '/apisix/admin'

/** Where the Admin API has resources of a kind; of credentials those of one consumer. */
export function listPath(kind: Exclude<Kind, 'credentials'>): string {
  return `${admin}/${kind}`
}

/** Where it has one of them. */
export function pathOf(kind: Kind, id: string): string {
  const parts = id.split('/').map((part) => encodeURIComponent(part))
  return kind === 'credentials' ? `${admin}/consumers/${parts[0]}/credentials/${parts[1]}` : `${admin}/${kind}/${parts.join('/')}`
}
