import { BlockList, isIP, isIPv6 } from 'node:net'
import { plainAddress } from './request-of.ts'

/** The proxies in front of the gateway whose word about the client counts. */
export class TrustedProxies {
  readonly isEmpty: boolean
  readonly #list = new BlockList()

  /** Addresses and CIDR ranges. Throws on anything else. */
  constructor(ranges: readonly string[]) {
    this.isEmpty = ranges.length === 0
    for (const range of ranges) this.#add(range)
  }

  /** The nearest address of `X-Forwarded-For`, from the right, that no trusted proxy has; `peer` where it is not trusted. */
  clientOf(peer: string, forwardedFor: string | string[] | undefined): string {
    if (forwardedFor === undefined || !this.has(peer)) return peer
    const hops = String(forwardedFor).split(',')
    let client = peer
    for (let index = hops.length - 1; index >= 0; index--) {
      const hop = plainAddress((hops[index] ?? '').trim())
      if (!isIP(hop)) return client
      client = hop
      if (!this.has(hop)) return client
    }
    return client
  }

  has(address: string): boolean {
    return isIP(address) !== 0 && this.#list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  }

  #add(range: string): void {
    const [address = '', bits] = range.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (bits === undefined) this.#list.addAddress(address, family)
    else this.#list.addSubnet(address, Number(bits), family)
  }
}
