import type { Snapshot } from '@sluice/config'
import { phases } from '@sluice/kernel'

interface Row {
  readonly route: string
  readonly host: string
  readonly uri: string
  readonly methods: string
  readonly priority: number
  /** By phase: the plugins whose hooks run, in their order. */
  readonly chain: Readonly<Record<string, readonly string[]>>
}

/** The route table for people, or as JSON: in the order in which routes are tried. */
export function routesTable(snapshot: Snapshot, asJson: boolean): string {
  const rows = rowsOf(snapshot)
  if (asJson) return JSON.stringify(rows, undefined, 2)
  if (rows.length === 0) return 'no routes: every request is answered with 404'
  return rows.map(toText).join('\n')
}

function rowsOf(snapshot: Snapshot): Row[] {
  const chains = new Map(snapshot.routes.map((route) => [route.info.id, route.chain]))
  return snapshot.router.entries().map((entry) => ({
    route: entry.id,
    host: entry.host ?? '*',
    uri: entry.uri,
    methods: entry.methods?.join(',') ?? 'any',
    priority: entry.priority,
    chain: chains.get(entry.id)?.describe() ?? {},
  }))
}

function toText({ route, host, uri, methods, priority, chain }: Row): string {
  const head = `${host}  ${uri}  ${methods}  priority ${priority}  → ${route}`
  const hooks = phases.flatMap((phase) => (chain[phase]?.length ? [`    ${phase.padEnd(8)}${chain[phase]?.join(' → ')}`] : []))
  return [head, ...hooks].join('\n')
}
