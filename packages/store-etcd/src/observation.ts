import { fromBase64, type WireEvent, type WireKeyValue } from './wire.ts'

/** What a key holds as of a revision. */
export interface Observation {
  readonly key: string
  /** That it was written or deleted with; of a deletion that was only noticed, the revision of the look. */
  readonly revision: number
  /** Revision that it came with. */
  readonly created: number
  /** Undefined: the key is gone. */
  readonly text: string | undefined
}

export function fromKeyValue({ key, value, create_revision: created, mod_revision: revision }: WireKeyValue): Observation {
  return { key: fromBase64(key), revision: Number(revision ?? 0), created: Number(created ?? 0), text: fromBase64(value) }
}

export function fromEvent({ type, kv }: WireEvent): Observation {
  const observation = fromKeyValue(kv)
  return type === 'DELETE' ? { ...observation, text: undefined } : observation
}
