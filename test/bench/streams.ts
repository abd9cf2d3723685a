import type { Socket } from 'node:net'
import type { Ran } from './load.ts'
import { leave, openStream } from './stream-client.ts'
import { Tally } from './tally.ts'
import { heldEvents } from './wire.ts'

/** Streams that are under way at once while they begin; below the backlog of a listening socket. */
const atOnce = 128
/** Events after which clients leave, by turns: with the first text, and later. */
const leaveAfter = [2, 5]

/** Streams that have begun and stay open. */
export class HeldStreams {
  readonly #sockets: Socket[] = []

  async hold(url: URL, requests: readonly Buffer[], count: number): Promise<Ran> {
    return tallied(count, async (n) => {
      this.#sockets.push(await openStream(url, requests[n % requests.length] as Buffer, heldEvents))
    })
  }

  /** Leaves them all; throws when one of them has not stayed open. */
  async release(): Promise<void> {
    const sockets = this.#sockets.splice(0)
    const ended = sockets.filter(({ readyState }) => readyState !== 'open').length
    await Promise.all(sockets.map(leave))
    if (ended > 0) throw new Error(`${ended} of ${sockets.length} streams ended before their clients left`)
  }
}

/** Begins `count` streams and leaves each of them in the middle. */
export async function abortStreams(url: URL, requests: readonly Buffer[], count: number): Promise<Ran> {
  return tallied(count, async (n) => {
    const events = leaveAfter[n % leaveAfter.length] as number
    await leave(await openStream(url, requests[n % requests.length] as Buffer, events))
  })
}

/** Does something `count` times, some of them at once. */
async function tallied(count: number, one: (n: number) => Promise<void>): Promise<Ran> {
  const tally = new Tally()
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count && !tally.isHopeless) tally.add(await problemOf(one(next++)))
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker))
  return tally.ran
}

async function problemOf(done: Promise<void>): Promise<string | undefined> {
  try {
    await done
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
