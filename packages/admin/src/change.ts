import type { Kind } from '@sluice/config'
import { InvalidChangeError, type Draft } from '@sluice/store'
import type { Call } from './call.ts'
import { refusalOf } from './refusal-of-issues.ts'
import { stateOf } from './where.ts'

/** Changes the group of a call; what is wrong with it is told as of the resource that is written. */
export async function change<T>(call: Call, kind: Kind, id: string, edit: (draft: Draft) => T): Promise<T> {
  const { desk, group } = call
  stateOf(call)
  try {
    return await desk.store.change(group, edit)
  } catch (error) {
    if (error instanceof InvalidChangeError) throw refusalOf(error.issues, kind, id)
    throw error
  }
}
