import { hash } from 'node:crypto'
import type { Chain } from './chain.ts'
import type { Issue } from './errors.ts'
import type { Prepared } from './kernel.ts'

/** Who sent the request, once an authenticating plugin knows. */
export interface ConsumerInfo {
  readonly name: string
  readonly groupId?: string
  readonly labels?: Readonly<Record<string, string>>
  /** Of the credential that told; absent where that is written on the consumer, or where none was asked for. */
  readonly credentialId?: string
}

/** What a client may prove to be somebody. */
export interface Credential {
  readonly consumer: ConsumerInfo
  /** What is written for the plugin: checked, references resolved; one object as long as it does not change. */
  readonly config: unknown
}

/** Who may ask, as an authenticating plugin sees them. Looks nothing up by a secret itself, so that its time tells nothing of one. */
export interface Consumers {
  /** The credential of that plugin with that key: what its `credentialKey` gave. */
  find(plugin: string, key: string): Credential | undefined
  named(name: string): ConsumerInfo | undefined
}

/** The consumers of one snapshot, as the kernel sees them: an exchange holds them until its rewrite phase is over. */
export interface Directory extends Consumers {
  hold(): void
  drop(): void
  /** The chain that a consumer's plugins make of a route's; undefined where she brings none. */
  chainFor(route: Chain, consumer: ConsumerInfo): Chain | undefined
}

/** A credential, checked. */
export interface PreparedCredential {
  readonly plugin: string
  readonly digest: string
  /** Absent: it is written on the consumer. */
  readonly id?: string
  readonly config: unknown
  readonly path: Issue['path']
}

/** A consumer, checked, with all that belongs to her. */
export interface PreparedConsumer {
  readonly name: string
  readonly groupId?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly credentials: readonly PreparedCredential[]
  /** Her own, and those of her group that she has none in place of; one of each name. */
  readonly plugins: readonly Prepared[]
  /** What she refers to, and what was taken away although she does: what she asks for is answered with a 503. */
  readonly missing?: string
}

/** What credentials are found by. */
export function digestOf(key: string): string {
  return hash('sha256', key, 'base64url')
}

/** Where nobody may ask. */
export const nobody: Consumers = { find: () => undefined, named: () => undefined }

/** Takes consumers one by one, and gives the problems of keys that another has already: nobody could tell who asks. */
export function keyRing(): (consumer: Pick<PreparedConsumer, 'name' | 'credentials'>) => readonly Issue[] {
  const holders = new Map<string, string>()
  return ({ name, credentials }) =>
    credentials.flatMap(({ plugin, digest, path }) => {
      const key = `${plugin} ${digest}`
      const holder = holders.get(key)
      if (holder !== undefined) return [{ path, message: `duplicate key of plugin ${plugin} found with consumer: ${holder}` }]
      holders.set(key, name)
      return []
    })
}
