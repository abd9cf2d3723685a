import { changeSecrets, SecretFields, type Kind } from '@sluice/config'
import { formatPath, type Kernel } from '@sluice/kernel'
import type { Resource, Value } from '@sluice/store'
import { refuse } from './refusal.ts'
import type { Fields } from './view.ts'

/** Shown in place of a secret; written back, it keeps what is stored. */
const redacted = '********'
/** Names a secret and is none. */
const reference = /^\$(?:env|secret):\/\//i

/** A resource of which a reader may change what he does not see. */
export interface Masked {
  readonly value: Fields
  /** What comes of it, with the secrets back in their places. */
  reveal(changed: Fields): Fields
}

/** Keeps secrets from whoever reads, by the schemas of resources and plugins. */
export class Redaction {
  readonly #fields: SecretFields
  /** Values are immutable, and read often. */
  readonly #shown = new WeakMap<Value, Fields>()

  constructor(kernel: Kernel) {
    this.#fields = new SecretFields(kernel)
  }

  /** What of a resource may be seen: private keys of certificates not even as a place, unless `hasKeys`. */
  show(kind: Kind, { id, value }: Pick<Resource, 'id' | 'value'>, { hasKeys = false } = {}): Fields {
    let shown = this.#shown.get(value)
    if (!shown) {
      shown = this.#change(kind, id, value, (secret) => (isReference(secret) ? secret : redacted))
      this.#shown.set(value, shown)
    }
    return hasKeys ? shown : withoutKeys(kind, shown)
  }

  /** What a client writes, with what is stored in the places that it left redacted. Throws a `Refusal`. */
  keep(kind: Kind, id: string, written: Fields, stored: Value | undefined): Fields {
    const lost: string[] = []
    const kept = changeSecrets(
      this.#fields.of(kind, id),
      written,
      (secret, before, path) => {
        if (secret !== redacted) return secret
        if (before === undefined) lost.push(formatPath(path))
        return before ?? secret
      },
      stored,
    ) as Fields
    if (lost.length > 0) throw refuse(400, `invalid configuration: ${lost.map((path) => `${path}: is ${redacted}, and nothing is stored there that it could stand for`).join('; ')}`)
    return withStoredKeys(kind, kept, stored)
  }

  /** For changes that may move values about: each secret goes by a text of its own meanwhile. */
  mask(kind: Kind, { id, value }: Resource): Masked {
    const secrets = new Map<unknown, unknown>()
    const hide = (secret: unknown): string => {
      const token = `${redacted}${crypto.randomUUID()}`
      secrets.set(token, secret)
      return token
    }
    return {
      value: this.#change(kind, id, value, hide),
      reveal: (changed) => {
        const revealed = this.#change(kind, id, changed, (secret) => (secrets.has(secret) ? secrets.get(secret) : secret))
        // Elsewhere it is no secret any more, and would be shown.
        return mapTexts(revealed, (text) => (secrets.has(text) ? redacted : text)) as Fields
      },
    }
  }

  #change(kind: Kind, id: string, value: Fields, change: (secret: unknown) => unknown): Fields {
    return changeSecrets(this.#fields.of(kind, id), value, change) as Fields
  }
}

function isReference(value: unknown): boolean {
  return typeof value === 'string' && reference.test(value)
}

function withoutKeys(kind: Kind, value: Fields): Fields {
  if (kind !== 'ssls') return value
  const { key: _key, keys: _keys, ...rest } = value
  return rest
}

/** Who read a certificate has not seen its key; the key of another certificate is of no use. */
function withStoredKeys(kind: Kind, written: Fields, stored: Value | undefined): Fields {
  if (kind !== 'ssls' || stored === undefined || 'key' in written || written['cert'] !== stored['cert']) return written
  const { key, keys } = stored
  return { ...written, key, ...(keys !== undefined && !('keys' in written) && { keys }) }
}

function mapTexts(value: unknown, change: (text: string) => unknown): unknown {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, mapTexts(member, change)]))
}
