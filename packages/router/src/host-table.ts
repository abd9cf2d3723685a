import { PrefixTree, type Prefix } from './prefix-tree.ts'

/** What a Host header names, lower-cased and without a root dot. */
export interface Host {
  readonly name: string
  /** With the port, `undefined` where there is none. */
  readonly withPort: string | undefined
}

/** Reads a Host header. */
export function readHost(header: string): Host {
  const host = header.toLowerCase()
  if (!namesPort(host)) return { name: withoutRoot(host), withPort: undefined }
  const colon = host.lastIndexOf(':')
  const name = withoutRoot(host.slice(0, colon))
  return { name, withPort: name + host.slice(colon) }
}

function withoutRoot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name
}

/** Values by host pattern: an exact name, or `*` and what a name ends with. */
export class HostTable<V> {
  readonly #exact: ReadonlyMap<string, V>
  readonly #suffixes: PrefixTree<V>
  readonly #hasSuffixes: boolean

  constructor(values: ReadonlyMap<string, V>) {
    const wild = [...values].filter(([pattern]) => pattern.startsWith('*'))
    this.#exact = new Map([...values].filter(([pattern]) => !pattern.startsWith('*')))
    this.#suffixes = new PrefixTree(new Map(wild.map(([pattern, value]) => [reversed(pattern.slice(1)), value])))
    this.#hasSuffixes = wild.length > 0
  }

  exact(name: string): V | undefined {
    return this.#exact.get(name)
  }

  /** The values of the wildcards that a name matches, the longest first, through its `shorter`. */
  wildcards(name: string): Prefix<V> | undefined {
    return this.#hasSuffixes ? this.#suffixes.longest(reversed(name)) : undefined
  }
}

/** Whether a pattern is meant for a Host header with its port: it has a colon that is not part of an IPv6 address. */
export function namesPort(pattern: string): boolean {
  return pattern.lastIndexOf(':') > pattern.lastIndexOf(']')
}

function reversed(text: string): string {
  let result = ''
  for (let i = text.length - 1; i >= 0; i--) result += text.charAt(i)
  return result
}
