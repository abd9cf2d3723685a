import type { Kind } from '@sluice/config'
import { CommandError } from '../command-error.ts'
import type { Column } from './columns.ts'
import type { Fields } from '../fields.ts'
import type { Flag } from './flags.ts'

/** A kind of resources, as commands, requests and files speak of it. */
export interface ResourceType {
  /** The command. */
  readonly name: string
  /** Other names of it: the plural, where that is not another command, and a7's short one. */
  readonly aliases: readonly string[]
  /** In messages: `global rule`. */
  readonly noun: string
  readonly plural: string
  /** What it is. */
  readonly description: string
  /** Of the collection; `isScoped`: the server is asked in API7's dialect. */
  readonly path: (about: { readonly isScoped: boolean; readonly consumer?: string | undefined }) => string
  /** What configurations call the kind; undefined for gateway groups, which are no part of one. */
  readonly kind: Kind | undefined
  /** Lists of a file that may hold them; the first is the one that is written. */
  readonly lists: readonly [string, ...string[]]
  /** The field that names one. */
  readonly key: 'id' | 'username' | 'plugin_name'
  /** What stands for that in usage and messages. */
  readonly keyName: string
  readonly columns: readonly Column[]
  readonly flags: readonly Flag[]
  /** They belong to one consumer, which `--consumer` names. */
  readonly isOfConsumer?: boolean
  /** They belong to no gateway group. */
  readonly isGlobal?: boolean
  /** They refer to services, and a list may be of those of one. */
  readonly hasService?: boolean
  /** Without a group, that is of APISIX, one is never created by POST. */
  readonly onlyPut?: boolean
  /** In API7's dialect one that is created by flags goes there by POST, with its id in the body, as a7 sends it. */
  readonly postsId?: boolean
  /** What goes along when one is deleted. */
  readonly takesAlong?: string
  /** For help. */
  readonly example: Example
}

export interface Example {
  readonly id: string
  /** A document that creates one. */
  readonly document: string
  /** Flags that create one, and change one. */
  readonly create?: string
  readonly update?: string
}

/** What one goes by, in a file or an answer. */
export function keyOf(type: ResourceType, value: Fields): string | undefined {
  const named = value[type.key] ?? (type.key === 'plugin_name' || type.key === 'username' ? value['id'] : undefined)
  return typeof named === 'string' || typeof named === 'number' ? String(named) : undefined
}

/** The path of one; an id of several parts keeps its slashes. */
export function pathOf(collection: string, key: string): string {
  const parts = key.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..')) throw new CommandError(`${JSON.stringify(key)} cannot be the name of a resource`)
  return [collection, ...parts.map(encodeURIComponent)].join('/')
}

/** `route "r1"`, for messages. */
export function called({ noun }: ResourceType, key: string): string {
  return `${noun} ${key}`
}
