import type { EtcdClient } from './etcd-client.ts'
import { EtcdError } from './etcd-error.ts'
import type { KeyRange } from './key-layout.ts'
import { fromEvent, type Observation } from './observation.ts'
import { toBase64, type WireLine, type WireWatch } from './wire.ts'

/** Milliseconds without a word after which a watch is begun anew: a connection may be dead and nobody has said so. */
const idleMs = 30_000

/** A range, and the first revision that is to be told of. */
export interface Watched {
  readonly range: KeyRange
  readonly from: number
}

export interface Told {
  /** Index of the range. */
  readonly watch: number
  readonly observations: readonly Observation[]
}

/**
 * Tells what changes in some ranges, each in the order of revisions, until the connection ends or nothing was said for too
 * long. Throws an `EtcdError` where etcd ends it: one that `isCompacted` where it does not remember so far back.
 */
export async function* watch(client: EtcdClient, watched: readonly Watched[], signal: AbortSignal): AsyncGenerator<Told> {
  const requests = watched.map(({ range, from }) => ({
    create_request: { key: toBase64(range.from), range_end: toBase64(range.to), start_revision: String(from) },
  }))
  const stream = await client.stream('/v3/watch', requests, signal, idleMs)
  for await (const line of linesOf(stream)) {
    const { result, error } = JSON.parse(line) as WireLine
    if (error || !result) throw new EtcdError(error?.message ?? 'etcd has ended the watch', error?.grpc_code ?? error?.code ?? 2)
    checkGoes(result)
    const { watch_id: id = '0', events = [] } = result
    yield { watch: Number(id), observations: events.map(fromEvent) }
  }
}

function checkGoes({ canceled, compact_revision: compacted, cancel_reason: reason }: WireWatch): void {
  if (!canceled) return
  if (compacted !== undefined && compacted !== '0') throw new EtcdError('what was to be watched from has been compacted', 11)
  throw new EtcdError(reason ?? 'etcd has ended the watch', 2)
}

/** Lines, without copying the beginning of a long one again and again. */
async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let parts: Buffer[] = []
  for await (const chunk of stream) {
    let start = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const line = Buffer.concat([...parts, chunk.subarray(start, end)]).toString()
      parts = []
      start = end + 1
      if (line.trim() !== '') yield line
    }
    if (start < chunk.length) parts.push(chunk.subarray(start))
  }
}
