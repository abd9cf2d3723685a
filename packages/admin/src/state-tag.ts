import { createHash } from 'node:crypto'
import { kinds } from '@sluice/config'
import { TimeSlice } from '@sluice/kernel'
import type { GroupState } from '@sluice/store'
import type { Redaction } from './redaction.ts'

/** Read again and again while nothing changes. */
const tags = new WeakMap<GroupState, string>()

/**
 * An `ETag` of what a group holds: the same at every gateway that has the same, and another after every change. It is made
 * of what may be read, so that nobody can try out secrets on it; that one has changed its time tells, in seconds.
 */
export async function stateTag(state: GroupState, redaction: Redaction): Promise<string> {
  const known = tags.get(state)
  if (known !== undefined) return known
  const hash = createHash('sha256')
  const slice = new TimeSlice()
  for (const kind of kinds) {
    for (const resource of state.all(kind).values()) {
      if (slice.isOver) await slice.rest()
      const { id, createTime, updateTime } = resource
      hash.update(JSON.stringify([kind, id, createTime, updateTime, redaction.show(kind, resource, { hasKeys: true })]))
    }
  }
  const tag = `"${hash.digest('base64url')}"`
  tags.set(state, tag)
  return tag
}
