import type { Logger } from '@sluice/kernel'
import type { Caller } from './admin-key.ts'
import type { Done } from './call.ts'

/** A write that was asked for. */
export interface Asked {
  readonly caller: Caller
  readonly address: string
  readonly method: string
  /** Without the query, where a key may stand. */
  readonly path: string
  readonly group: string
}

/** Tells of every write who asked for what, and what came of it; values are never told. */
export function audit(log: Logger, { caller, address, method, path, group }: Asked, status: number, done: Done | undefined): void {
  const fields = { key: caller.name, key_mark: caller.mark, address, method, path, group, status }
  if (done) log.info({ audit: { ...fields, ...done } }, `the configuration was ${done.action === 'unchanged' ? 'written, and is what it was' : 'changed'}`)
  else log.info({ audit: fields }, 'a change of the configuration was refused')
}
