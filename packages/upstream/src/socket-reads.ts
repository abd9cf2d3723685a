import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** As much as one read takes at most; of TLS, as much as one of its records has: https://www.rfc-editor.org/rfc/rfc8446#section-5.1 */
const readBytes = 64 * 1024
const recordBytes = 16 * 1024

/** Bytes of buffers that wait for another read, of either size: more than what a hundred answers that come at once are in. */
const mostFreeBytes = 16 * 1024 * 1024

/** What all sockets read into that are not in the middle of something large; what comes is copied at once. */
const common = Buffer.allocUnsafeSlow(readBytes)

const free: Readonly<Record<number, Buffer[]>> = { [readBytes]: [], [recordBytes]: [] }
/** The memory of those that were ever made here. */
const ours = new WeakSet<ArrayBufferLike>()

/** What the socket that has just read is to read into. */
let next: Buffer = common

/**
 * How connections to upstream read: the option `onread` of `net.connect` and `tls.connect`. By itself Node makes a buffer
 * for each read, on TCP one of 64 KiB, whatever comes, and that much garbage it counts: for large answers, and for streams of
 * small chunks, the collector then costs more than the relay.
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
    const size = (this as Partial<TLSSocket>).encrypted ? recordBytes : readBytes
    // What fills less than half of a buffer does not get it for itself.
    const isLarge = length >= size / 2
    if (isLarge && buffer !== common) this.push(buffer.subarray(0, length))
    else this.push(copyOf(buffer, length))
    if (isLarge) next = free[size]?.pop() ?? made(size)
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
  const others = free[buffer.byteLength]
  if (others && others.length * buffer.byteLength < mostFreeBytes) others.push(buffer)
}

function made(size: number): Buffer {
  const buffer = Buffer.allocUnsafeSlow(size)
  ours.add(buffer.buffer)
  return buffer
}

function copyOf(buffer: Buffer, length: number): Buffer {
  const copy = Buffer.allocUnsafe(length)
  buffer.copy(copy, 0, 0, length)
  return copy
}
