import type { Endpoint } from './endpoint.ts'
import { resourceEndpoints } from './resource-endpoints.ts'

/** The whole Admin API. Of two paths that fit a request the first counts. */
export const endpoints: readonly Endpoint[] = [
  { method: 'HEAD', path: '/apisix/admin', summary: 'Says that the Admin API is there.', open: true, handler: () => ({ status: 200 }) },
  ...resourceEndpoints,
]
