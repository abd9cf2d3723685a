import type { AdminClient } from '../admin-client.ts'
import { AdminError } from '../admin-error.ts'
import { CommandError } from '../command-error.ts'
import { resourceIn, resourcesIn } from './answers.ts'
import type { Fields } from '../fields.ts'
import { called, pathOf, type ResourceType } from './resource-type.ts'

/** Which ones of a kind. */
export interface Scope {
  readonly consumer?: string | undefined
}

export interface Filter extends Scope {
  /** `key` or `key=value`. */
  readonly label?: string | undefined
  readonly serviceId?: string | undefined
}

/** As a7 asks for them. */
const pageSize = 100

/** Where a kind is found. */
export function collectionOf(type: ResourceType, client: AdminClient, { consumer }: Scope): string {
  return type.path({ isScoped: client.isScoped, consumer })
}

/** One; undefined where there is none. */
export async function findOne(type: ResourceType, client: AdminClient, key: string, scope: Scope): Promise<Fields | undefined> {
  const answer = await client.find({ method: 'GET', path: pathOf(collectionOf(type, client, scope), key), isScoped: !type.isGlobal })
  return answer && resourceIn(answer)
}

/** One. Throws a `CommandError` where there is none. */
export async function getOne(type: ResourceType, client: AdminClient, key: string, scope: Scope): Promise<Fields> {
  const found = await findOne(type, client, key, scope)
  if (!found) throw missing(type, key)
  return found
}

/** What is said of a resource that is not there. */
export function missing(type: ResourceType, key: string): CommandError {
  const where = type.isOfConsumer ? ' --consumer <name>' : ''
  return new CommandError(`${called(type, key)} does not exist`, { advice: [`sluice ${type.name} list${where} tells which there are.`] })
}

/** All that a server lists at once, those with the label that is asked for. */
export async function listed(type: ResourceType, client: AdminClient, filter: Filter): Promise<readonly Fields[]> {
  return (await page(type, client, filter, {}))?.list ?? []
}

/** All of them, page by page, by their keys. */
export async function listedByPages(type: ResourceType, client: AdminClient, filter: Filter): Promise<readonly Fields[]> {
  const all: Fields[] = []
  for (let number = 1; ; number++) {
    const answer = await page(type, client, filter, { page: number, page_size: pageSize })
    all.push(...(answer?.list ?? []))
    if (!answer || answer.isLast || number * pageSize >= answer.total) return all
  }
}

interface Page {
  /** Those of the page that are asked for. */
  readonly list: readonly Fields[]
  readonly total: number
  readonly isLast: boolean
}

async function page(type: ResourceType, client: AdminClient, filter: Filter, paging: object): Promise<Page | undefined> {
  const [label, value] = labelOf(filter.label)
  const request = { method: 'GET', path: collectionOf(type, client, filter), isScoped: !type.isGlobal, query: { ...serviceQuery(type, client, filter), label, ...paging } } as const
  try {
    const { list, total } = resourcesIn(await client.send(request), type)
    const isAsked = (one: Fields): boolean => label === undefined || value === undefined || (one['labels'] as Fields | undefined)?.[label] === value
    return { list: list.filter(isAsked), total, isLast: list.length === 0 }
  } catch (error) {
    // A consumer without credentials has no list of them in APISIX's dialect.
    if (type.isOfConsumer && error instanceof AdminError && error.isMissing && /^key not found$/i.test(error.reason)) return undefined
    throw error
  }
}

function serviceQuery(type: ResourceType, client: AdminClient, { serviceId }: Filter): Readonly<Record<string, string>> {
  if (!type.hasService || serviceId === undefined) return {}
  return client.isScoped ? { service_id: serviceId } : { filter: `service_id=${encodeURIComponent(serviceId)}` }
}

function labelOf(label: string | undefined): readonly [key: string | undefined, value: string | undefined] {
  if (label === undefined) return [undefined, undefined]
  const at = label.indexOf('=')
  return at < 0 ? [label, undefined] : [label.slice(0, at), label.slice(at + 1)]
}
