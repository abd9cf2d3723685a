import type { Kind } from '@sluice/config'
import type { TSchema } from '@sluice/kernel'
import type { Handler } from './call.ts'
import type { View } from './view.ts'

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One operation of the API: the router and the OpenAPI document are both made of these. */
export interface Endpoint {
  readonly method: Method
  /** As routers write it: `/apisix/admin/routes/:id`; `/*rest` is what is behind the names. */
  readonly path: string
  /** What it does, a sentence. */
  readonly summary: string
  readonly handler: Handler
  /** What it is about, in messages: `consumer`. */
  readonly noun?: string
  /** What its query may hold beside the gateway group, JSON Schemas by name. */
  readonly query?: Readonly<Record<string, object>>
  /** What its body must be: a resource of a kind, or a JSON Schema. */
  readonly body?: Kind | TSchema
  /** The one view that has it; absent: both have it. */
  readonly view?: View['name']
  /** It changes what is stored: every call is told in the log. */
  readonly writes?: boolean
  /** Needs no key. */
  readonly open?: boolean
  /** Takes a whole configuration, which may be larger than other bodies. */
  readonly takesConfig?: boolean
}
