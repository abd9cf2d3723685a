import type { Socket } from 'node:net'

/** As much as one read takes at most. */
const readBytes = 64 * 1024

/** From here on what was read is left where it is; less is copied, so that it does not hold so much memory for itself. */
const largeBytes = 16 * 1024

/** Buffers that wait for another read: 16 MiB, more than what a hundred answers that come at once are in. */
const mostFree = 256

/** What all sockets read into that are not in the middle of something large. */
const common = Buffer.allocUnsafeSlow(readBytes)

const free: Buffer[] = []
/** The memory of those that were ever made here. */
const ours = new WeakSet<ArrayBufferLike>()

/** What the socket that has just read is to read into. */
let next: Buffer = common

/**
 * How connections to upstream read: the option `onread` of `net.connect` and `tls.connect`. By itself Node makes a buffer
 * of 64 KiB for each read, whatever comes, and that much garbage it counts: for large answers, and for streams of small
 * chunks, the collector then costs more than the relay.
 * https://nodejs.org/api/net.html#socketconnectoptions-connectlistener
 */
export const onread = {
  /** Node asks when a socket is made, and after each read, right behind `callback`. */
  buffer(): Buffer {
    const buffer = next
    next = common
    return buffer
  },
  callback(this: Socket, length: number, buffer: Buffer): boolean {
    const isLarge = length >= largeBytes
    if (isLarge && buffer !== common) this.push(buffer.subarray(0, length))
    else this.push(copyOf(buffer, length))
    if (isLarge) next = free.pop() ?? made()
    else if (buffer !== common) setFree(buffer)
    return this.readableLength < this.readableHighWaterMark
  },
}

/** Whether what was read here is where another read may come, once `reuse` says so. */
export function isReusable(piece: Uint8Array): boolean {
  return ours.has(piece.buffer)
}

/** Nobody will look at these pieces again, or at anything that was read in one with them: other answers may come where they are. Call it once. */
export function reuse(pieces: readonly Uint8Array[]): void {
  let last: ArrayBufferLike | undefined
  for (const { buffer } of pieces) {
    if (buffer === last || !ours.has(buffer)) continue
    last = buffer
    setFree(Buffer.from(buffer))
  }
}

function setFree(buffer: Buffer): void {
  if (free.length < mostFree) free.push(buffer)
}

function made(): Buffer {
  const buffer = Buffer.allocUnsafeSlow(readBytes)
  ours.add(buffer.buffer)
  return buffer
}

function copyOf(buffer: Buffer, length: number): Buffer {
  const copy = Buffer.allocUnsafe(length)
  buffer.copy(copy, 0, 0, length)
  return copy
}
