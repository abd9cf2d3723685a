import type { Caller } from './admin-key.ts'
import { api7View } from './api7-view.ts'
import { apisixView } from './apisix-view.ts'
import type { Client, View } from './view.ts'

export interface Asked {
  readonly path: string
  readonly query: URLSearchParams
  readonly userAgent: string
  readonly caller: Caller
}

/** APISIX’s view, unless the path, the query or the key is one that only users of API7 have. */
export function chooseView({ path, query, caller }: Asked): View {
  if (path.startsWith('/api/') || query.has('gateway_group_id')) return api7View
  if (caller.dialect) return caller.dialect === 'api7' ? api7View : apisixView
  return caller.isApi7Token ? api7View : apisixView
}

/** By the name that it gives itself; a7 is written in Go, and gives none. */
export function clientOf({ userAgent }: Asked): Client {
  if (userAgent.startsWith('sluice/')) return 'sluice'
  return userAgent.startsWith('Go-http-client/') ? 'a7' : 'other'
}
