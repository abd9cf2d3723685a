import { headerMap } from '@sluice/kernel'
import { util, type Dispatcher } from 'undici'

/** Header fields as undici gives them: names in lower case, bytes as latin1. */
export type IncomingHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Header fields as they came, name and value by turns. */
export type RawFields = readonly Buffer[]

/** Names that are remembered by their bytes; no provider sends more. */
const mostKnown = 128

interface Known {
  readonly bytes: Buffer
  readonly name: string
  readonly isWanted: boolean
}

/**
 * The fields of an upstream's answers that somebody needs. An API sends some twenty with each, the same ones in the same order, and
 * to decode them all is a tenth of what a small request costs: names are known by their bytes, and only what is needed is decoded.
 */
export class WantedFields {
  readonly #isWanted: (name: string) => boolean
  readonly #known: Known[] = []

  /** `isWanted` is asked for a name in lower case, and what it says is remembered. */
  constructor(isWanted: (name: string) => boolean) {
    this.#isWanted = isWanted
  }

  of(fields: RawFields): IncomingHeaders {
    const headers = headerMap()
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const { name, isWanted } = this.#nameAt(at >> 1, fields[at] as Buffer)
      if (!isWanted) continue
      const value = (fields[at + 1] as Buffer).toString('latin1')
      const before = headers[name]
      if (before === undefined) headers[name] = value
      else if (typeof before === 'string') headers[name] = [before, value]
      else before.push(value)
    }
    return headers
  }

  #nameAt(place: number, bytes: Buffer): Known {
    const known = this.#known[place]
    if (known && areEqual(known.bytes, bytes)) return known
    const name = bytes.toString('latin1').toLowerCase()
    const found = { bytes: Buffer.from(bytes), name, isWanted: this.#isWanted(name) }
    if (place < mostKnown && place <= this.#known.length) this.#known[place] = found
    return found
  }
}

/** Every field. */
export function allFields(fields: RawFields): IncomingHeaders {
  return util.parseHeaders([...fields])
}

/** Names are short: a call would cost more than the comparison. */
function areEqual(a: Buffer, b: Buffer): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}

let latest: RawFields | undefined

/**
 * Keeps undici from decoding the fields of an answer, which it does for every handler: it puts them, undecoded, into the handler's
 * controller first, and then decodes what is in that array. Call it when the request starts, and `takeFields` when the answer does.
 */
export function keepFields(controller: Dispatcher.DispatchController): void {
  Reflect.defineProperty(controller, 'rawHeaders', undecoded)
}

/** The fields of the answer that starts; undefined where undici has decoded them, as it may in another version. */
export function takeFields(): RawFields | undefined {
  const fields = latest
  latest = undefined
  return fields
}

const undecoded: PropertyDescriptor = {
  configurable: true,
  get: () => null,
  set(fields: unknown) {
    if (Array.isArray(fields)) latest = fields.splice(0) as Buffer[]
  },
}
