import { UnknownGroupError, type GroupState } from '@sluice/store'
import type { Call } from './call.ts'
import { refuse } from './refusal.ts'
import type { ResourceType } from './resource-type.ts'

/** What the group of a call holds now. */
export function stateOf({ desk, group }: Call): GroupState {
  const { store } = desk
  // What looks like nothing would be filled again.
  if (store.state(store.served)?.isPending) throw refuse(503, 'the configuration was not read yet')
  const state = store.state(group)
  if (!state) throw new UnknownGroupError(group)
  return state
}

/** The id that the path of a call names, as the store has it. */
export function idOf({ kind, idParts }: ResourceType, { params }: Call): string {
  const parts = idParts.map((part) => params[part] ?? '')
  return (kind === 'credentials' ? [params['username'] ?? '', ...parts] : parts).join('/')
}
