import { configEndpoints } from './config-endpoints.ts'
import type { Endpoint } from './endpoint.ts'
import { ok } from './answer.ts'
import { groupEndpoints } from './group-endpoints.ts'
import { openApi } from './openapi.ts'
import { pluginEndpoints } from './plugin-endpoints.ts'
import { resourceEndpoints } from './resource-endpoints.ts'

/** The whole Admin API. Of two paths that fit a request the first counts. */
export const endpoints: readonly Endpoint[] = [
  { method: 'HEAD', path: '/apisix/admin', summary: 'Says that the Admin API is there.', open: true, handler: () => ({ status: 200 }) },
  { method: 'GET', path: '/apisix/admin/openapi.json', summary: 'Shows this document.', handler: ({ desk }) => ok(openApi(endpoints, desk)) },
  ...configEndpoints,
  ...pluginEndpoints,
  ...groupEndpoints,
  ...resourceEndpoints,
]
