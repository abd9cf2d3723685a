import { keyRing, type PreparedConsumer, type PreparedCredential } from '@sluice/kernel'
import type { Entry } from './entry.ts'
import { isRecord } from './is-record.ts'
import type { Memo } from './memo.ts'
import { mergePlugins } from './merge-plugins.ts'
import { refer } from './refer.ts'
import { mapSteps, type Steps } from './steps.ts'
import type { PluginMap, Workbench } from './workbench.ts'

/** Groups that consumers refer to, by id. */
export type Groups = ReadonlyMap<string, PluginMap>

/** What a consumer is made of beside its own text. */
export function partsOfConsumer(raw: Entry['raw'], groups: Groups): readonly unknown[] {
  return [groups.get(String(raw['group_id']))]
}

/** Checks a consumer and merges its plugins with those of its group. Without `groups` what it refers to is not looked at. */
export function readConsumer(entry: Entry, groups: Groups | undefined, bench: Workbench): PreparedConsumer {
  const { id: name, path, raw } = entry
  const { id: groupId, found: group, missing } = refer(entry, 'group_id', 'consumer_groups', groups, bench)
  const { credentials, behaviour } = sorted(raw['plugins'], bench)
  const at = [...path, 'plugins']
  const own = bench.plugins(behaviour, { kind: 'consumer', id: name }, at)
  return {
    name,
    ...(groupId !== undefined && { groupId }),
    ...(isRecord(raw['labels']) && { labels: raw['labels'] as Readonly<Record<string, string>> }),
    ...(missing !== undefined && { missing }),
    credentials: bench.credentials(credentials, undefined, at),
    plugins: mergePlugins([own, group]),
  }
}

/** Checks a credential: a consumer's, with one plugin that authenticates, or none yet. */
export function readCredential({ id, path, raw }: Entry, bench: Workbench): readonly PreparedCredential[] {
  const { plugins } = raw
  if (!isRecord(plugins)) return []
  const names = Object.keys(plugins)
  if (names.length > 1) bench.problem([...path, 'plugins'], `must hold one plugin, and holds ${names.join(', ')}`)
  return bench.credentials(plugins, id.slice(id.indexOf('/') + 1), [...path, 'plugins'])
}

/** Checks the plugins of a group: they are what joins once a consumer is known, and so cannot find one. */
export function readGroup({ id, path, raw }: Entry, bench: Workbench): PluginMap {
  const at = [...path, 'plugins']
  const { credentials, behaviour } = sorted(raw['plugins'], bench)
  for (const name of Object.keys(credentials)) bench.problem([...at, name], 'authenticates: a credential belongs to one consumer, and not to a group')
  return bench.plugins(behaviour, { kind: 'consumer_group', id }, at)
}

/** Finds keys that two of them have. Told of where they are new: who had one already is not at fault. */
export function* checkKeys(
  consumers: ReadonlyMap<string, PreparedConsumer>,
  credentials: ReadonlyMap<string, readonly PreparedCredential[]>,
  memo: Memo,
  bench: Workbench,
): Steps<void> {
  const problemsOf = keyRing()
  for (const isNew of [false, true]) {
    for (const [id, consumer] of consumers) {
      if (memo.isNew('consumers', id) === isNew) bench.issues.push(...problemsOf(consumer))
      yield
    }
    for (const [id, list] of credentials) {
      if (memo.isNew('credentials', id) === isNew) bench.issues.push(...problemsOf({ name: ownerOf(id), credentials: list }))
      yield
    }
  }
}

/** Gives consumers the credentials that are resources of their own, by `<username>/<id>`. */
export function* withCredentials(
  consumers: ReadonlyMap<string, PreparedConsumer>,
  credentials: ReadonlyMap<string, readonly PreparedCredential[]>,
  bench: Workbench,
): Steps<PreparedConsumer[]> {
  const further = new Map<string, PreparedCredential[]>()
  for (const [id, list] of credentials) {
    yield
    const username = ownerOf(id)
    const known = further.get(username)
    if (known) known.push(...list)
    else if (consumers.has(username)) further.set(username, [...list])
    // What has no id, or another's, is told of already.
    else if (!id.startsWith('\0') && !bench.forced.has(`consumers/${username}`)) {
      bench.problem(['credentials', id], `belongs to consumer [${username}], which does not exist`)
    }
  }
  return yield* mapSteps(consumers.values(), (consumer) => {
    const more = further.get(consumer.name)
    return more ? { ...consumer, credentials: [...consumer.credentials, ...more] } : consumer
  })
}

/** Of `<username>/<id>`. */
function ownerOf(credential: string): string {
  return credential.slice(0, credential.indexOf('/'))
}

type Configs = Readonly<Record<string, unknown>>

/** What a consumer writes for plugins that authenticate are credentials; the rest is what they bring. */
function sorted(plugins: unknown, bench: Workbench): { credentials: Configs; behaviour: Configs } {
  const entries = isRecord(plugins) ? Object.entries(plugins) : []
  const takesCredentials = ([name]: readonly [string, unknown]): boolean => bench.kernel.takesCredentials(name)
  return {
    credentials: Object.fromEntries(entries.filter(takesCredentials)),
    behaviour: Object.fromEntries(entries.filter((entry) => !takesCredentials(entry))),
  }
}
