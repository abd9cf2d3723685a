import { sound } from './faults.ts'
import type { PrintedLine } from './output.ts'
import type { Seen } from './seen.ts'

/** Lines at `warn` or above that nothing in the mix explains. */
export function unexplained(lines: readonly PrintedLine[], byId: ReadonlyMap<string, Seen>): PrintedLine[] {
  return lines.filter((line) => !isExplained(line, byId))
}

function isExplained({ level, msg, requestId, members }: PrintedLine, byId: ReadonlyMap<string, Seen>): boolean {
  if (msg.startsWith('stopping')) return true
  // How many of them there must be is known, and counted.
  if (msg.startsWith('the changed configuration is refused')) return true
  if (level !== 40 || requestId === undefined) return false
  // A provider that goes wrong, in an exchange with one that does.
  const seen = byId.get(requestId)
  return seen !== undefined && !sound.has(seen.fault) && typeof members['code'] === 'string'
}
