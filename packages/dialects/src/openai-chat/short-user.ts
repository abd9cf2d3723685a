import { createHash } from 'node:crypto'

/** What OpenAI takes for the name of a user. */
const longest = 64

/** The name of a user, or its digest where OpenAI would find it too long: the same user stays the same. */
export function shortUser(user: string): string {
  return user.length <= longest ? user : createHash('sha256').update(user).digest('hex')
}
