import type { Chain, Exchange } from '@sluice/kernel'

/**
 * What tools of APISIX read off an answer, names and values by turns: the status of an upstream that failed, and, where
 * the gateway is asked to show more, always that, and the plugins of the route.
 * https://apisix.apache.org/docs/apisix/debug-mode/
 */
export function traceHeaders({ upstream }: Exchange, chain: Chain, showsAll: boolean): readonly string[] | undefined {
  const status = upstream?.status
  const isTold = status !== undefined && (status >= 500 || showsAll)
  if (!isTold && !showsAll) return undefined
  const plugins = showsAll ? [...new Set(chain.links.map(({ plugin }) => plugin.name))].join(', ') : ''
  return [...(isTold ? ['x-apisix-upstream-status', String(status)] : []), ...(plugins === '' ? [] : ['apisix-plugins', plugins])]
}
