import { createHash, timingSafeEqual } from 'node:crypto'

/** A key of the Admin API. */
export interface AdminKey {
  /** What the log calls it. */
  readonly name: string
  readonly key: string
  /** `viewer`: reads, and nothing else. */
  readonly role: 'admin' | 'viewer'
  /** Whoever shows it is answered in this dialect, whatever else the request says. */
  readonly dialect?: 'apisix' | 'api7' | undefined
}

/** Whose key a request shows. */
export interface Caller extends Omit<AdminKey, 'key'> {
  /** The last four characters of the key’s SHA-256, hex: tells keys apart in a log, and gives nothing away. */
  readonly mark: string
  /** The prefix of keys of API7’s users: they are answered in its dialect. */
  readonly isApi7Token: boolean
}

/** Finds whose key a text is. Takes the same time whether it is any, and whichever it is. */
export function keyring(keys: readonly AdminKey[]): (shown: string) => Caller | undefined {
  const known = keys.map(({ key, ...rest }) => {
    const digest = digestOf(key)
    return { digest, caller: { ...rest, mark: digest.toString('hex').slice(-4), isApi7Token: key.startsWith('a7adm-') } }
  })
  return (shown) => {
    const digest = digestOf(shown)
    let found: Caller | undefined
    for (const one of known) if (timingSafeEqual(one.digest, digest)) found ??= one.caller
    return found
  }
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
