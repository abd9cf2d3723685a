import type { AdminClient, AdminRequest } from '../admin-client.ts'
import { CommandError } from '../command-error.ts'
import { actionIn, resourceIn } from './answers.ts'
import type { Fields } from '../fields.ts'
import { collectionOf, type Scope } from './read.ts'
import { called, keyOf, pathOf, type ResourceType } from './resource-type.ts'

/** What `create` and `update` take, beside a flag for each field. */
export interface WriteOptions extends Readonly<Record<string, unknown>> {
  readonly file?: string
  readonly consumer?: string
  readonly dryRun?: boolean
}

/** A resource that is to be created. */
export interface Draft {
  readonly value: Fields
  /** Where the command names it beside the file. */
  readonly key?: string | undefined
  /** It is made of flags. */
  readonly isOfFlags?: boolean
}

/** What was written, and what that did. */
export interface Written {
  readonly key: string
  readonly value: Fields
  /** `created route r1`. */
  readonly told: string
}

/** The request that creates one: it goes where its id says, or gets one from the server. Throws a `CommandError` where it needs an id. */
export function creationOf(type: ResourceType, client: AdminClient, { value, key: named, isOfFlags }: Draft, scope: Scope): AdminRequest {
  const collection = collectionOf(type, client, scope)
  const body = bodyOf(type, value)
  const key = named ?? keyOf(type, value)
  const isApisix = !client.isScoped && !type.isGlobal
  const put = (path: string): AdminRequest => ({ method: 'PUT', path, body, isScoped: !type.isGlobal })
  const post = (): AdminRequest => ({ method: 'POST', path: collection, body, isScoped: !type.isGlobal })

  if (type.key === 'username') {
    if (key === undefined) throw nameless(type)
    const consumer = { ...body, username: key }
    if (value['id'] !== undefined) return { ...put(pathOf(collection, key)), body: consumer }
    return { ...(isApisix ? put(collection) : post()), body: consumer }
  }
  if (key === undefined) {
    if (type.key === 'plugin_name' || (type.onlyPut && isApisix)) throw nameless(type)
    return post()
  }
  if (type.key === 'plugin_name') return put(pathOf(collection, key))
  if (isOfFlags && type.postsId && !isApisix) return { ...post(), body: { id: key, ...body } }
  return { ...put(pathOf(collection, key)), body: { id: key, ...body } }
}

/** The request that replaces one. */
export function replacementOf(type: ResourceType, client: AdminClient, key: string, value: Fields, scope: Scope): AdminRequest {
  return { method: 'PUT', path: pathOf(collectionOf(type, client, scope), key), body: bodyOf(type, value), isScoped: !type.isGlobal }
}

/** Sends it. */
export async function write(type: ResourceType, client: AdminClient, request: AdminRequest, asked: string | undefined): Promise<Written> {
  const answer = await client.send(request)
  const value = resourceIn(answer)
  const key = asked ?? keyOf(type, value) ?? keyOf(type, request.body as Fields) ?? ''
  const action = actionIn(answer, request.method)
  return { key, value, told: action === 'unchanged' ? `${called(type, key)} is so already` : `${action ?? 'saved'} ${called(type, key)}` }
}

/** What a read adds is not sent back; metadata is a map without a name of its own. */
function bodyOf(type: ResourceType, value: Fields): Fields {
  const { create_time: _created, update_time: _updated, ...rest } = value
  if (type.key !== 'plugin_name') return rest
  const { id: _id, plugin_name: _name, ...metadata } = rest
  return metadata
}

function nameless(type: ResourceType): CommandError {
  return new CommandError(`there is no ${type.key} for the ${type.noun}`, { advice: [`Give it behind the command, sluice ${type.name} create <${type.keyName}>, or as ${type.key} in the file.`] })
}
