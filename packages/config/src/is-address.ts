import { isIP } from 'node:net'

/** An IPv4 or IPv6 address, or a range of them in CIDR notation. */
export function isAddress(text: string): boolean {
  const slash = text.indexOf('/')
  const family = isIP(slash < 0 ? text : text.slice(0, slash))
  if (family === 0 || text.includes('%')) return false
  if (slash < 0) return true
  const bits = text.slice(slash + 1)
  return /^(?:0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)
}

/** The problem of an address that is none. */
export const notAddress = 'must be an IPv4 or IPv6 address, or a range such as 10.0.0.0/8'
