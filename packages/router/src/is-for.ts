import { compileAddresses, type Addresses } from '@sluice/expr'
import { namesPort, readHost } from './host-table.ts'
import type { RouteEntry, RouteRequest } from './route.ts'

const compiled = new WeakMap<readonly string[], Addresses>()

/** Whether a route is for requests to that host from that address, whatever their path. Throws for an address that cannot be compiled. */
export function isFor<C, T>({ hosts = [], remoteAddrs = [] }: Pick<RouteEntry<C, T>, 'hosts' | 'remoteAddrs'>, { host, address }: Pick<RouteRequest, 'host' | 'address'>): boolean {
  const { name, withPort } = readHost(host)
  if (hosts.length > 0 && !hosts.some((pattern) => fits(pattern.toLowerCase(), name, withPort))) return false
  return remoteAddrs.length === 0 || addressesOf(remoteAddrs).includes(address)
}

function fits(pattern: string, name: string, withPort: string | undefined): boolean {
  if (pattern === '*') return true
  const host = namesPort(pattern) ? withPort : name
  return host !== undefined && (pattern.startsWith('*') ? host.endsWith(pattern.slice(1)) : host === pattern)
}

function addressesOf(list: readonly string[]): Addresses {
  let addresses = compiled.get(list)
  if (!addresses) compiled.set(list, (addresses = compileAddresses(list)))
  return addresses
}
