import { singular, type Kind } from '@sluice/config'

/** How resources of a kind are spoken of in paths, keys and messages. */
export interface ResourceType {
  readonly kind: Kind
  /** Below `/apisix/admin`, as routers write it; what stands for the id has its parts last. */
  readonly path: string
  /** Names of the parts of its id, in the path. */
  readonly idParts: readonly string[]
  /** In messages: `route`. */
  readonly noun: string
  /** Methods that APISIX offers; API7 offers all of them. */
  readonly methods: { readonly post: boolean; readonly patch: boolean }
}

const type = (kind: Kind, { post = true, patch = true, path = `/${kind}`, idParts = ['id'] } = {}): ResourceType => ({ kind, path, idParts, noun: singular[kind], methods: { post, patch } })

/** Collections of the Admin API. https://apisix.apache.org/docs/apisix/admin-api/ */
export const resourceTypes: readonly ResourceType[] = [
  type('routes'),
  type('services'),
  type('upstreams'),
  // Before those whose paths begin in the same way.
  type('credentials', { post: false, patch: false, path: '/consumers/:username/credentials' }),
  type('consumers', { post: false, patch: false }),
  type('consumer_groups', { post: false }),
  type('plugin_configs', { post: false }),
  type('global_rules', { post: false }),
  type('plugin_metadata', { post: false, patch: false }),
  type('ssls'),
  type('secrets', { post: false, idParts: ['manager', 'id'] }),
  type('protos', { patch: false }),
  type('stream_routes', { patch: false }),
]

/** a7 knows secrets by this name. */
export const secretProviders: ResourceType = { ...(resourceTypes.find(({ kind }) => kind === 'secrets') as ResourceType), path: '/secret_providers' }

/** The key of a resource in APISIX’s answers: `/apisix/routes/1`. */
export function keyOf(kind: Kind, id: string): string {
  return `/apisix/${placeOf(kind, id)}`
}

function placeOf(kind: Kind, id: string): string {
  if (kind !== 'credentials') return `${kind}/${id}`
  const [username, credential] = id.split('/')
  return `consumers/${username}/credentials/${credential}`
}

/** The id by which a resource goes in its own value: of a credential the last part. */
export function ownId(kind: Kind, id: string): string {
  return kind === 'credentials' ? id.slice(id.indexOf('/') + 1) : id
}

/** Plugin metadata goes by its plugin, a consumer by its name: their values have no `id`. */
export function hasId(kind: Kind): boolean {
  return kind !== 'plugin_metadata' && kind !== 'consumers'
}
