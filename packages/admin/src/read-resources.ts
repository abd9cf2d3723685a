import { TimeSlice } from '@sluice/kernel'
import type { Resource } from '@sluice/store'
import type { Handler } from './call.ts'
import { filterOf, pageOf } from './list-query.ts'
import { refuse } from './refusal.ts'
import type { ResourceType } from './resource-type.ts'
import { isPlaceholder, shownTo } from './shown.ts'
import type { Shown } from './view.ts'
import { idOf, stateOf } from './where.ts'

/** Several of a kind; `isIn`: those that the path speaks of. */
export function listResources({ kind }: ResourceType): Handler {
  return async (call) => {
    const { view, query, params } = call
    const state = stateOf(call)
    let resources: readonly Resource[] = [...state.all(kind).values()]
    if (kind === 'credentials') {
      const { username = '' } = params
      if (!state.get('consumers', username)) throw refuse(404, 'consumer not found')
      resources = resources.filter(({ id }) => id.startsWith(`${username}/`))
    }
    const isAsked = filterOf(query, kind, view)
    const found = resources.filter((resource) => !isPlaceholder(kind, resource) && isAsked(resource))
    const page = pageOf(query, view)
    const sorted = found.toSorted(page ? view.pageOrder : view.order)
    const listed = page ? sorted.slice((page.page - 1) * page.size, page.page * page.size) : sorted
    const slice = new TimeSlice()
    const shown: Shown[] = []
    for (const resource of listed) {
      if (slice.isOver) await slice.rest()
      shown.push(shownTo(call, kind, resource))
    }
    return view.list(shown, { total: found.length, kind })
  }
}

/** One, by its id. */
export function getResource(type: ResourceType): Handler {
  return (call) => {
    const resource = stateOf(call).get(type.kind, idOf(type, call))
    if (!resource) throw call.view.missing()
    return call.view.one(shownTo(call, type.kind, resource))
  }
}
