import { createHash } from 'node:crypto'

const maxLength = 64

/** The id of a call as Bedrock takes it: itself, or another that is the same for call and result, and in every request. */
export function toolUseIdFor(id: string, hasShortIds: boolean): string {
  if (hasShortIds) return /^[A-Za-z\d]{9}$/.test(id) ? id : hashed(id).slice(0, 9)
  return id.length <= maxLength && /^[\w-]+$/.test(id) ? id : `${id.slice(0, 32).replaceAll(/[^\w-]/g, '_')}_${hashed(id).slice(0, 8)}`
}

function hashed(id: string): string {
  return createHash('sha256').update(id).digest('hex')
}
