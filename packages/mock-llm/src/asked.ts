import type { IncomingHttpHeaders } from 'node:http'
import type { JsonObject } from './json-object.ts'
import type { Wishes } from './turn.ts'

/** What an operation answers. */
export interface Asked {
  readonly body: JsonObject
  /** Path without query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** 24 hexadecimal digits that equal requests share, so that equal requests get equal answers. */
  readonly id: string
  /** Unix time, seconds; when the mock started. */
  readonly created: number
  readonly wishes: Wishes
}
