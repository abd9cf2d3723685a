import { TimeSlice } from '@sluice/kernel'
import type { EtcdClient } from './etcd-client.ts'
import type { KeyRange } from './key-layout.ts'
import { fromKeyValue, type Observation } from './observation.ts'
import { toBase64, type WireRange } from './wire.ts'

/** Keys in one answer. */
const pageLength = 1_000

/** Milliseconds that a page may take: it may hold a thousand large values. */
const pageMs = 30_000

/** Everything in some ranges at one revision. */
export interface Listing {
  readonly cluster: string
  readonly revision: number
  readonly found: readonly Observation[]
}

/** Reads ranges page by page, all as of one revision. Exchanges go on meanwhile. */
export async function readAll(client: EtcdClient, ranges: readonly KeyRange[], signal: AbortSignal): Promise<Listing> {
  const slice = new TimeSlice()
  const found: Observation[] = []
  let cluster = ''
  let revision = 0
  for (const { from, to } of ranges) {
    let next: string | undefined = from
    while (next !== undefined) {
      const page: WireRange = await client.call(
        '/v3/kv/range',
        { key: toBase64(next), range_end: toBase64(to), limit: pageLength, ...(revision > 0 && { revision: String(revision) }) },
        signal,
        pageMs,
      )
      cluster = page.header.cluster_id
      // The first page is of the newest revision; the others are asked for the same.
      if (revision === 0) revision = Number(page.header.revision ?? 0)
      for (const one of page.kvs ?? []) {
        found.push(fromKeyValue(one))
        if (slice.isOver) await slice.rest()
      }
      const last = found.at(-1)
      next = page.more === true && last ? `${last.key}\0` : undefined
    }
  }
  return { cluster, revision, found }
}
