import type { Ran } from './load.ts'
import { leave, openStream } from './stream-client.ts'
import { Tally } from './tally.ts'

/** Streams that are under way at once while they begin; below the backlog of a listening socket. */
const atOnce = 128
/** Events after which clients leave, by turns: with the first text, and later. */
const leaveAfter = [2, 5]

/** Begins `count` streams and leaves each of them in the middle. */
export async function abortStreams(url: URL, requests: readonly Buffer[], count: number): Promise<Ran> {
  const tally = new Tally()
  await inParallel(count, async (n) => {
    if (tally.isHopeless) return
    try {
      const events = leaveAfter[n % leaveAfter.length] as number
      await leave(await openStream(url, requests[n % requests.length] as Buffer, events))
      tally.add()
    } catch (error) {
      tally.add((error as Error).message)
    }
  })
  return tally.ran
}

async function inParallel(count: number, one: (n: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await one(next++)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker))
}
