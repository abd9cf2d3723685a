import type { Env, Kind } from '@sluice/config'
import type { Kernel, Logger } from '@sluice/kernel'
import type { Resource, Store } from '@sluice/store'
import type { AdminKey } from './admin-key.ts'
import type { Answer } from './answer.ts'
import type { ConfigDigests } from './config-digests.ts'
import type { Redaction } from './redaction.ts'
import type { Client, View } from './view.ts'

export interface AdminOptions {
  readonly store: Store
  /** Knows the plugins. */
  readonly kernel: Kernel
  /** For references in what is only checked, and not stored. */
  readonly env: Env
  /** At least one. */
  readonly keys: readonly AdminKey[]
  readonly log: Logger
  /** Of the gateway. */
  readonly version: string
  /** What `GET /api/status` tells beside that; by default nothing. */
  readonly status?: () => Readonly<Record<string, unknown>>
  /** Bytes of a body; 1.5 MiB, as in APISIX, by default. */
  readonly maxBodyBytes?: number
  /** Bytes of a whole configuration; 64 MiB by default. */
  readonly maxConfigBytes?: number
}

/** What all requests share. */
export interface Desk extends Pick<AdminOptions, 'store' | 'kernel' | 'env' | 'version' | 'status'> {
  readonly redaction: Redaction
  readonly digests: ConfigDigests
  /** For what is created without an id. */
  newId(): string
}

/** One request, as endpoints see it: authenticated, its group known. */
export interface Call {
  readonly desk: Desk
  readonly view: View
  readonly client: Client
  /** Id of the gateway group. */
  readonly group: string
  /** Parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>
  /** The parts behind those that have a name, decoded. */
  readonly rest: readonly string[]
  readonly query: URLSearchParams
  header(name: string): string
  /** Plain JSON values; undefined where there is none. Throws a `Refusal`. */
  body(): Promise<unknown>
}

/** What a write has done, for the log. */
export interface Done {
  readonly action: 'created' | 'updated' | 'unchanged' | 'deleted' | 'replaced'
  readonly kind?: Kind
  readonly id?: string
  readonly revision?: number
}

export interface WriteAnswer extends Answer {
  readonly done?: Done
}

export type Handler = (call: Call) => WriteAnswer | Promise<WriteAnswer>

export type Stored = Resource | undefined
