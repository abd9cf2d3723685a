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
  /** The one view that has it; absent: both have it. */
  readonly view?: View['name']
  /** It changes what is stored: every call is told in the log. */
  readonly writes?: boolean
  /** Needs no key. */
  readonly open?: boolean
  /** Takes a whole configuration, which may be larger than other bodies. */
  readonly takesConfig?: boolean
}
