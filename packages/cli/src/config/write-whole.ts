import { createHmac } from 'node:crypto'
import { kinds } from '@sluice/config'
import type { AdminClient } from '../admin-client.ts'
import { AdminError } from '../admin-error.ts'
import { CommandError } from '../command-error.ts'
import type { Plan } from './plan.ts'
import { ProblemsError } from '../problems-error.ts'
import { readRemote } from './read-remote.ts'
import { refusedLines } from './refused-lines.ts'
import type { RemoteState, WholeState } from './remote-state.ts'
import { keyOf, type Fields } from './wanted.ts'
import { entryOf, listOf } from './written-entry.ts'

export interface WrittenWhole {
  /** How many of those whose secrets could not be compared had other secrets. */
  readonly secretsChanged: number
}

/**
 * Carries a plan out in one step: the server checks what comes of it as a whole, and takes all of it or nothing. It
 * refuses where somebody else has changed anything since it was read. Throws a `CommandError`.
 */
export async function writeWhole(client: AdminClient, plan: Plan, remote: RemoteState, whole: WholeState): Promise<WrittenWhole> {
  const body = wholeBody(plan, remote, whole)
  // Whoever may read sees the digest: without the token nothing can be tried out on it.
  const digest = createHmac('sha256', client.connection.token.value).update(JSON.stringify(body)).digest('base64url')
  try {
    await client.send({ method: 'PUT', path: '/apisix/admin/configs', body, headers: { 'x-digest': digest, 'if-match': whole.tag } })
  } catch (error) {
    throw told(error, plan)
  }
  return { secretsChanged: plan.unsure.length === 0 ? 0 : await changedOf(client, plan) }
}

/** Kinds that change, as they shall be; the versions of all others, so that they stay. */
function wholeBody({ changes, unsure }: Plan, { resources }: RemoteState, { versions }: WholeState): Fields {
  const writes = [...changes, ...unsure]
  const changed = new Map(writes.map((one) => [keyOf(one), one]))
  const lists: Record<string, Fields[]> = {}
  for (const kind of kinds) {
    const listed = listOf(kind)
    if (!writes.some((one) => listOf(one.kind) === listed)) continue
    const list = (lists[listed] ??= [])
    for (const existing of resources.values()) {
      if (existing.kind !== kind) continue
      const change = changed.get(keyOf(existing))
      if (!change) list.push(existing.shown)
      else if (change.action !== 'delete') list.push(entryOf(change.wanted, existing.shown['id']))
    }
    for (const change of changes) if (change.kind === kind && change.action === 'create') list.push(entryOf(change.wanted))
  }
  const others = [...versions].filter(([listed]) => !(listed in lists))
  return { ...lists, ...Object.fromEntries(others.map(([listed, version]) => [`${listed}_conf_version`, version])) }
}

async function changedOf(client: AdminClient, { unsure }: Plan): Promise<number> {
  const now = await readRemote(client)
  return unsure.filter((one) => now.resources.get(keyOf(one))?.shown['modifiedIndex'] !== one.existing.shown['modifiedIndex']).length
}

/** What the server refuses, by the lines of the files that it is about. */
function told(error: unknown, plan: Plan): unknown {
  if (!(error instanceof AdminError)) return error
  if (error.status === 412) return new CommandError('somebody else has changed the configuration meanwhile; nothing is written', { advice: ['Run it again: it plans anew.'] })
  const lines = refusedLines(error, [...plan.changes, ...plan.unsure].flatMap((one) => (one.action === 'delete' ? [] : [one.wanted])))
  return lines.length === 0 ? error : new ProblemsError([...lines, 'Nothing is written: the server takes all of it or nothing.'])
}
