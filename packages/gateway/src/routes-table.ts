import type { CompiledRoute, Snapshot } from '@sluice/config'
import { phases } from '@sluice/kernel'
import type { TableEntry } from '@sluice/router'

interface Row {
  readonly route: string
  readonly host: string
  readonly uri: string
  readonly methods: string
  readonly priority: number
  /** Addresses and conditions as they are written; absent where there are none. */
  readonly remote_addrs?: readonly string[]
  readonly vars?: unknown
  /** By phase: the plugins whose hooks run, in their order. */
  readonly chain: Readonly<Record<string, readonly string[]>>
}

/** The route table for people, or as JSON: in the order in which routes are tried. */
export function routesTable(snapshot: Snapshot, asJson: boolean): string {
  const rows = snapshot.router.entries().map(rowOf)
  if (asJson) return JSON.stringify(rows, undefined, 2)
  if (rows.length === 0) return 'no routes: every request is answered with 404'
  return rows.map(toText).join('\n')
}

function rowOf({ id, host, uri, methods, priority, value }: TableEntry<CompiledRoute>): Row {
  const { remoteAddrs, writtenVars: vars, chain } = value
  return {
    route: id,
    host: host ?? '*',
    uri,
    methods: methods?.join(',') ?? 'any',
    priority,
    ...(remoteAddrs.length > 0 && { remote_addrs: remoteAddrs }),
    ...(vars !== undefined && { vars }),
    chain: chain.describe(),
  }
}

function toText({ route, host, uri, methods, priority, remote_addrs: addresses, vars, chain }: Row): string {
  const from = addresses ? `  from ${addresses.join(',')}` : ''
  const where = vars ? `  where ${JSON.stringify(vars)}` : ''
  const head = `${host}  ${uri}  ${methods}  priority ${priority}${from}${where}  → ${route}`
  const hooks = phases.flatMap((phase) => (chain[phase]?.length ? [`    ${phase.padEnd(8)}${chain[phase]?.join(' → ')}`] : []))
  return [head, ...hooks].join('\n')
}
