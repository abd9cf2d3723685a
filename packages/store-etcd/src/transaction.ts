import type { EtcdClient } from './etcd-client.ts'
import type { KeyRange } from './key-layout.ts'
import { fromKeyValue, type Observation } from './observation.ts'
import { toBase64, type WireTxn } from './wire.ts'

/** A change that etcd makes whole, or not at all. */
export interface Transaction {
  /** Revisions that keys must be at; 0: they must not be there. */
  readonly expected: ReadonlyMap<string, number>
  /** What is put, by key; undefined: deleted. */
  readonly writes: ReadonlyMap<string, string | undefined>
  readonly deletes?: readonly KeyRange[]
}

/** It was made, under this revision; or what the expected keys hold instead. */
export type Made = { readonly revision: number } | { readonly found: ReadonlyMap<string, Observation> }

/** Makes a transaction. Rejects with an `EtcdError` or an `EtcdAwayError`. */
export async function commit(client: EtcdClient, { expected, writes, deletes = [] }: Transaction): Promise<Made> {
  const keys = [...expected.keys()]
  const answer: WireTxn = await client.call('/v3/kv/txn', {
    compare: [...expected].map(([key, revision]) => ({ key: toBase64(key), target: 'MOD', result: 'EQUAL', mod_revision: String(revision) })),
    success: [
      ...[...writes].map(([key, text]) => (text === undefined ? { request_delete_range: { key: toBase64(key) } } : { request_put: { key: toBase64(key), value: toBase64(text) } })),
      ...deletes.map(({ from, to }) => ({ request_delete_range: { key: toBase64(from), range_end: toBase64(to) } })),
    ],
    failure: keys.map((key) => ({ request_range: { key: toBase64(key) } })),
  })
  if (answer.succeeded) return { revision: Number(answer.header.revision ?? 0) }
  const found = (answer.responses ?? []).flatMap(({ response_range: range }) => range?.kvs ?? []).map(fromKeyValue)
  return { found: new Map(found.map((one) => [one.key, one])) }
}
