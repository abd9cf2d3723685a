import { isRecord, kinds, readDocument, type Kind } from '@sluice/config'
import type { AdminClient } from '../admin-client.ts'
import { AdminError } from '../admin-error.ts'
import { CommandError } from '../command-error.ts'
import { inParallel } from './in-parallel.ts'
import { byKey, type Existing, type RemoteState } from './remote-state.ts'
import { listPath } from './resource-path.ts'
import { ownFields, type Fields } from './wanted.ts'

const configs = '/apisix/admin/configs'
const pageSize = 500
/** Requests under way. */
const most = 10

/** Reads everything that a gateway group holds: in one step where the server offers that, else kind by kind. */
export async function readRemote(client: AdminClient): Promise<RemoteState> {
  return (await readWhole(client)) ?? { resources: byKey(await readLists(client)), whole: undefined }
}

/** Undefined: the server, APISIX for one, has no such thing. */
async function readWhole(client: AdminClient): Promise<RemoteState | undefined> {
  const answer = await offered(() => client.send({ method: 'GET', path: configs }), [400, 404, 405])
  const tag = answer?.headers['etag']
  if (typeof tag !== 'string' || !isRecord(answer?.body)) return undefined
  const versions = new Map<string, number>()
  const lists: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(answer.body)) {
    const [, kind] = /^(.+)_conf_version$/.exec(name) ?? []
    if (kind !== undefined && typeof value === 'number') versions.set(kind, value)
    else if (Array.isArray(value)) lists[name] = value
  }
  const document = readDocument(lists)
  const resources = kinds.flatMap((kind) => [...document.entries(kind)].flatMap(([id, shown]) => (isRecord(shown) ? [existing(kind, id, shown)] : [])))
  return { resources: byKey(resources), whole: { tag, versions } }
}

async function readLists(client: AdminClient): Promise<Existing[]> {
  const listed = kinds.filter((kind) => kind !== 'credentials')
  const all = (await inParallel(listed, most, (kind) => readList(client, kind, listPath(kind)))).flat()
  const users = all.filter(({ kind }) => kind === 'consumers')
  const credentials = await inParallel(users, most, async ({ id: username }) => {
    const found = await readList(client, 'credentials', `${listPath('consumers')}/${encodeURIComponent(username)}/credentials`)
    return found.map((one) => ({ ...one, id: `${username}/${one.id}` }))
  })
  return [...all, ...credentials.flat()]
}

/** Page by page. What the server does not have, there is none of. */
async function readList(client: AdminClient, kind: Kind, path: string): Promise<Existing[]> {
  const found: Existing[] = []
  for (let page = 1; ; page++) {
    const answer = await offered(() => client.send({ method: 'GET', path, query: { page, page_size: pageSize } }), kind === 'stream_routes' ? [400] : [])
    if (!answer) return found
    const items = itemsOf(kind, answer.body)
    if (!items) throw new CommandError(`${path} answers something else than a list`)
    found.push(...items)
    const { total } = answer.body as { readonly total?: unknown }
    if (items.length === 0 || typeof total !== 'number' || found.length >= total) return found
  }
}

/** APISIX puts each in an envelope with its key; API7 has them bare, and metadata in a map. */
function itemsOf(kind: Kind, body: unknown): Existing[] | undefined {
  if (!isRecord(body)) return undefined
  const { list, value: map } = body
  if (kind === 'plugin_metadata' && isRecord(map)) return Object.entries(map).flatMap(([id, shown]) => (isRecord(shown) ? [existing(kind, id, shown)] : []))
  if (list === null) return []
  if (!Array.isArray(list)) return undefined
  return (list as unknown[]).flatMap((item) => {
    if (!isRecord(item)) return []
    const { key, value } = item
    if (typeof key !== 'string' || !isRecord(value)) return [existing(kind, String(kind === 'consumers' ? item['username'] : item['id']), item)]
    const own = key.split('/').slice(kind === 'secrets' ? -2 : -1).join('/')
    return [existing(kind, own, value)]
  })
}

function existing(kind: Kind, id: string, shown: Fields): Existing {
  return { kind, id, value: ownFields(shown), shown }
}

/** Undefined where the server has no such endpoint, or no such resources; `statuses` say so beside 404. */
async function offered<T>(ask: () => Promise<T>, statuses: readonly number[]): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof AdminError && (error.isMissing || statuses.includes(error.status))) return undefined
    throw error
  }
}
