import type { ResolvedRoute } from '@sluice/config'
import type { Address } from './listening.ts'

/** What there is to tell of it. */
export interface Greeter {
  readonly address: Address
  readonly statusAddress: Address
  /** Undefined where there is no Admin API. */
  readonly adminAddress: Address | undefined
  readonly routes: readonly ResolvedRoute[]
}

/** What a person who has just started the gateway wants to know: where it is, what it serves, what to try. */
export function welcome(gateway: Greeter, file: string, mockUrl: string | undefined): string {
  const { host, port } = gateway.address
  const base = `http://${shown(host)}:${port}`
  const status = `http://${shown(gateway.statusAddress.host)}:${gateway.statusAddress.port}`
  const { routes, adminAddress: admin } = gateway
  const lines = [
    `sluice serves ${file} on ${base}, health on ${status}/healthz`,
    ...(admin ? [`the Admin API answers on ${shown(admin.host)}:${admin.port}`] : []),
    ...(mockUrl ? [`mock-llm answers on ${mockUrl} and needs no key`] : []),
    ...table(routes.slice(0, 20).map(({ info, uris, methods }) => [methods?.join(',') || 'any', uris.join(' '), `→ route ${info.id}`])),
    ...(routes.length > 20 ? [`  … and ${routes.length - 20} more: sluice routes -c ${file}`] : []),
    ...example(gateway, base),
  ]
  return `${lines.join('\n')}\n`
}

/** Lines of three columns. */
function table(rows: readonly (readonly [string, string, string])[]): string[] {
  const [first, second] = ([0, 1] as const).map((column) => Math.max(...rows.map((row) => row[column].length)))
  return rows.map(([a, b, c]) => `  ${a.padEnd(first ?? 0)}  ${b.padEnd(second ?? 0)}  ${c}`)
}

/** A request that one of the routes answers. */
function example(gateway: Greeter, base: string): string[] {
  const chat = gateway.routes.find(({ uris, hosts }) => !hosts?.length && uris.some((uri) => uri.endsWith('/chat/completions')))
  const uri = chat?.uris.find((one) => one.endsWith('/chat/completions'))
  if (!uri) return []
  const target = `${base}${uri} -H 'content-type: application/json' -d`
  const messages = '"messages":[{"role":"user","content":"What is 1+1?"}]'
  return ['Try:', `  curl ${target} '{"model":"gpt-4",${messages}}'`, `  curl -N ${target} '{"model":"gpt-4","stream":true,${messages}}'`]
}

function shown(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
