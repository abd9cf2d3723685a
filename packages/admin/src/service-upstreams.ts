import type { Draft, GroupState, Resource } from '@sluice/store'
import type { Call, Handler } from './call.ts'
import { change } from './change.ts'
import { inUse } from './in-use.ts'
import { filterOf } from './list-query.ts'
import { refuse } from './refusal.ts'
import { resourceTypes, type ResourceType } from './resource-type.ts'
import { isPlaceholder, shownTo } from './shown.ts'
import type { Fields, Shown } from './view.ts'
import { stateOf } from './where.ts'
import { isFields, valueOf, write } from './write-resource.ts'

/** The label by which ADC knows to which service an upstream belongs. */
const owner = '__ADC_UPSTREAM_SERVICE_ID'
const type = resourceTypes.find(({ kind }) => kind === 'upstreams') as ResourceType

/** Upstreams that belong to a service: by their label, or because it has one of its own id. */
export function upstreamsOf(state: Draft | GroupState, service: string): readonly Resource[] {
  const own = String(state.get('services', service)?.value['upstream_id']) === service
  return [...state.all('upstreams').values()].filter(({ id, value }) => ownerOf(value) === service || (own && id === service))
}

/** `GET /services/{id}/upstreams`. ADC's backend api7ee asks for those of each service. */
export const listServiceUpstreams: Handler = (call) => {
  const state = stateOf(call)
  const { service = '' } = call.params
  if (!state.get('services', service)) throw call.view.missing()
  const isAsked = filterOf(call.query, 'upstreams', call.view)
  const found = upstreamsOf(state, service).filter((one) => !isPlaceholder('upstreams', one) && isAsked(one))
  const shown = found.toSorted(call.view.order).map((one) => unlabelled(shownTo(call, 'upstreams', one)))
  return call.view.list(shown, { total: shown.length, kind: 'upstreams' })
}

/** `GET /services/{id}/upstreams/{id}`. */
export const getServiceUpstream: Handler = (call) => call.view.one(unlabelled(shownTo(call, 'upstreams', upstreamAt(call, stateOf(call)))))

/** `PUT /services/{id}/upstreams/{id}`, or `POST /services/{id}/upstreams`. */
export const putServiceUpstream: Handler = async (call) => {
  const { service = '' } = call.params
  const body = await call.body()
  if (!isFields(body)) throw refuse(400, body === undefined ? 'missing configurations' : 'invalid configuration: must be an object')
  const accepted = call.view.accept('upstreams', body, call.params['id'])
  const id = call.params['id'] ?? idIn(accepted) ?? call.desk.newId()
  const written = { ...accepted, labels: { ...(isFields(accepted['labels']) ? accepted['labels'] : {}), [owner]: service } }
  return write(call, type, id, (stored, draft) => {
    if (!draft.get('services', service)) throw call.view.missing()
    if (stored && !upstreamsOf(draft, service).includes(stored)) throw refuse(409, `upstream [${id}] is none of service [${service}]`)
    return valueOf(call, type, id, written, stored?.value)
  })
}

/** `DELETE /services/{id}/upstreams/{id}`. */
export const deleteServiceUpstream: Handler = async (call) => {
  const { id = '' } = call.params
  const revision = await change(call, 'upstreams', id, (draft) => {
    upstreamAt(call, draft)
    const reason = inUse(draft, 'upstreams', id)
    if (reason !== undefined) throw refuse(400, reason)
    draft.delete('upstreams', id)
    return draft.revision
  })
  return { ...call.view.deleted(`/apisix/upstreams/${id}`, true), done: { action: 'deleted', kind: 'upstreams', id, revision } }
}

function upstreamAt(call: Call, state: Draft | GroupState): Resource {
  const { service = '', id = '' } = call.params
  const found = upstreamsOf(state, service).find((upstream) => upstream.id === id)
  if (!found) throw call.view.missing()
  return found
}

function ownerOf({ labels }: Fields): unknown {
  return isFields(labels) ? labels[owner] : undefined
}

function idIn({ id }: Fields): string | undefined {
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
}

/** Below its service the label says nothing new, and ADC would see a difference in it. */
function unlabelled(shown: Shown): Shown {
  const { labels, ...value } = shown.value
  if (!isFields(labels)) return shown
  const { [owner]: _owner, ...rest } = labels
  return { ...shown, value: Object.keys(rest).length > 0 ? { ...value, labels: rest } : value }
}
