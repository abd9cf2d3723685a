import { headerOf, type Exchange } from '@sluice/kernel'

/** What `forwardedHeaders` speaks for; nothing else of these names goes on. */
export const forwardedNames: ReadonlySet<string> = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
])

/**
 * Tells the upstream who asks, and how, as names and values by turns. What the request itself says of that counts only
 * where the gateway looked past its peer for the client's address: the peer is a proxy that is trusted then.
 */
export function forwardedHeaders({ request, received }: Exchange): string[] {
  const { headers, remoteAddress, peerAddress } = request
  const isTrusted = peerAddress !== undefined && peerAddress !== remoteAddress
  const said = (name: string): string | undefined => (isTrusted ? headerOf(headers, name) : undefined)
  const flat = [
    'x-forwarded-for',
    isTrusted ? `${hopsFrom(remoteAddress, headerOf(headers, 'x-forwarded-for'))}, ${peerAddress}` : remoteAddress,
    'x-forwarded-proto',
    said('x-forwarded-proto') ?? request.scheme,
    'x-forwarded-port',
    said('x-forwarded-port') ?? String(request.serverPort),
    'x-real-ip',
    remoteAddress,
  ]
  const host = said('x-forwarded-host') ?? (received ? received.host : headerOf(headers, 'host'))
  if (host !== undefined) flat.push('x-forwarded-host', host)
  const forwarded = said('forwarded')
  if (forwarded !== undefined) flat.push('forwarded', forwarded)
  return flat
}

/** The client and the proxies after it; what stands before it is the client's own invention. */
function hopsFrom(client: string, list = ''): string {
  const hops = list.split(',').map((hop) => hop.trim())
  const at = hops.findLastIndex((hop) => hop === client || hop === `::ffff:${client}`)
  return at < 0 ? client : hops.slice(at).join(', ')
}
