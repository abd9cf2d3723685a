import { setTimeout as sleep } from 'node:timers/promises'
import type { Kind } from '@sluice/config'
import type { AdminClient } from '../admin-client.ts'
import { AdminError } from '../admin-error.ts'
import { CommandError } from '../command-error.ts'
import { inParallel } from './in-parallel.ts'
import type { Change, Plan } from './plan.ts'
import { pathOf } from './resource-path.ts'

/** What became of a plan that was carried out one by one. */
export interface WrittenEach {
  readonly done: readonly Change[]
  readonly failed: readonly { readonly change: Change; readonly reason: string }[]
  /** Those that were to come after what failed. */
  readonly undone: readonly Change[]
}

/** Requests under way. */
const most = 10

/** What others refer to comes first. */
const order: readonly Kind[] = ['secrets', 'ssls', 'protos', 'plugin_metadata', 'upstreams', 'services', 'plugin_configs', 'consumer_groups', 'consumers', 'credentials', 'global_rules', 'routes', 'stream_routes']
/** Of these no two may have the same key, or the same plugin: the old ones go before the new ones come. */
const exclusive: ReadonlySet<Kind> = new Set(['consumers', 'credentials', 'global_rules'])

/** Carries a plan out request by request, where a server takes no configuration as a whole. What fails ends it after its stage. */
export async function writeEach(client: AdminClient, plan: Plan, progress: (done: number, all: number) => void): Promise<WrittenEach> {
  const stages = stagesOf(plan)
  const all = stages.flat().length
  const done: Change[] = []
  const failed: { change: Change; reason: string }[] = []
  for (const [index, stage] of stages.entries()) {
    await inParallel(stage, most, async (change) => {
      try {
        await carryOut(client, change)
        done.push(change)
        progress(done.length, all)
      } catch (error) {
        if (!(error instanceof CommandError)) throw error
        failed.push({ change, reason: error instanceof AdminError ? error.reason : error.message })
      }
    })
    if (failed.length > 0) return { done, failed, undone: stages.slice(index + 1).flat() }
  }
  return { done, failed, undone: [] }
}

/** Writes by kind, then deletes in the opposite order; requests of one stage may go out in any order. */
function stagesOf({ changes, unsure }: Plan): Change[][] {
  const writes = [...changes.filter(({ action }) => action !== 'delete'), ...unsure]
  const deletes = changes.filter(({ action }) => action === 'delete')
  const first = [...exclusive].toReversed().map((kind) => ofKind(deletes, kind))
  const last = order.filter((kind) => !exclusive.has(kind)).toReversed().map((kind) => ofKind(deletes, kind))
  const before = order.slice(0, order.indexOf('consumers')).map((kind) => ofKind(writes, kind))
  const after = order.slice(order.indexOf('consumers')).map((kind) => ofKind(writes, kind))
  return [...before, ...first, ...after, ...last].filter((stage) => stage.length > 0)
}

function ofKind(list: readonly Change[], kind: Kind): Change[] {
  return list.filter((one) => one.kind === kind)
}

async function carryOut(client: AdminClient, change: Change): Promise<void> {
  const path = pathOf(change.kind, change.id)
  if (change.action === 'delete') return remove(client, path)
  // The path says which: of some kinds servers spell the id otherwise in the body.
  await client.send({ method: 'PUT', path, body: change.wanted.value })
}

/** Gone already is as good. APISIX believes for a moment that what was just taken from others is still in use. */
async function remove(client: AdminClient, path: string): Promise<void> {
  for (let wait = 100; ; wait *= 2) {
    try {
      return void (await client.find({ method: 'DELETE', path }))
    } catch (error) {
      const isInUse = error instanceof AdminError && error.status === 400 && error.reason.includes('still using it')
      if (!isInUse || wait > 1_600) throw error
      await sleep(wait)
    }
  }
}
