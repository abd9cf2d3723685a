import type { Draft } from '@sluice/store'
import type { Call, Handler } from './call.ts'
import { change } from './change.ts'
import { inUse, usersOf } from './in-use.ts'
import { refuse } from './refusal.ts'
import { keyOf, type ResourceType } from './resource-type.ts'
import { upstreamsOf } from './service-upstreams.ts'
import { idOf } from './where.ts'

/** Deletes one, with what belongs to it, unless others refer to it. */
export function deleteResource(type: ResourceType): Handler {
  return async (call) => {
    const { kind } = type
    const id = idOf(type, call)
    const { isGone, revision } = await change(call, kind, id, (draft) => ({ isGone: remove(draft, call, type, id), revision: draft.revision }))
    const answer = call.view.deleted(keyOf(kind, id), isGone)
    return { ...answer, done: isGone ? { action: 'deleted', kind, id, revision } : { action: 'unchanged', kind, id } }
  }
}

/** False: it went with its consumer before. */
function remove(draft: Draft, call: Call, { kind }: ResourceType, id: string): boolean {
  if (!draft.get(kind, id)) {
    // ADC deletes a consumer, then its credentials, and fails on a 404.
    if (kind === 'credentials' && !draft.get('consumers', call.params['username'] ?? '')) return false
    throw call.view.missing()
  }
  if (kind === 'services' && call.view.cascades) {
    removeService(draft, id)
    return true
  }
  const reason = inUse(draft, kind, id)
  if (reason !== undefined) checkForce(call, reason)
  draft.delete(kind, id, { force: reason !== undefined })
  if (kind !== 'consumers') return true
  for (const credential of draft.all('credentials').keys()) if (credential.startsWith(`${id}/`)) draft.delete('credentials', credential)
  return true
}

function checkForce({ query, desk }: Call, reason: string): void {
  if (query.get('force') !== 'true') throw refuse(400, reason)
  if (desk.store.isLasting) throw refuse(400, `${reason}; force=true is not supported where the configuration outlives the gateway, as in a file or in etcd: none could start from it`)
}

/** With its routes, and with those of its upstreams that nobody else refers to. */
function removeService(draft: Draft, id: string): void {
  for (const [kind, { id: user }] of usersOf(draft, 'services', id)) draft.delete(kind, user)
  const upstreams = upstreamsOf(draft, id)
  draft.delete('services', id)
  for (const upstream of upstreams) if (inUse(draft, 'upstreams', upstream.id) === undefined) draft.delete('upstreams', upstream.id)
}
