import { BlockList, isIP } from 'node:net'
import { ExprError } from './expr-error.ts'

/** A set of IP addresses and networks. */
export interface Addresses {
  /**
   * Whether an address lies in the set; an IPv4 address is the same in its IPv6-mapped form. What is no address does
   * not.
   */
  includes(address: string): boolean
}

/**
 * Compiles one or several IPv4 and IPv6 addresses and CIDR blocks. Throws an `ExprError` that tells the index of a
 * bad one.
 */
export function compileAddresses(list: unknown): Addresses {
  const blocks = new BlockList()
  if (!Array.isArray(list)) add(blocks, list, [])
  else if (list.length === 0) throw new ExprError('invalid ip address')
  else for (const [index, text] of list.entries()) add(blocks, text, [index])

  return {
    includes(address) {
      const zone = address.indexOf('%')
      const bare = zone < 0 ? address : address.slice(0, zone)
      const version = isIP(bare)
      return version !== 0 && blocks.check(bare, version === 4 ? 'ipv4' : 'ipv6')
    },
  }
}

function add(blocks: BlockList, text: unknown, at: readonly number[]): void {
  const [, address = '', length] = (typeof text === 'string' && /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text)) || []
  const version = isIP(address)
  const bits = version === 4 ? 32 : 128
  if (version === 0 || Number(length ?? 0) > bits) throw new ExprError('invalid ip address', at)
  blocks.addSubnet(address, Number(length ?? bits), version === 4 ? 'ipv4' : 'ipv6')
}
