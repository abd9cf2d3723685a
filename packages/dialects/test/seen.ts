import type { Dialect } from '@sluice/provider'
import type { StreamReader } from '../src/index.ts'
import { facts } from './recorded.ts'

/** A reader that has seen `payloads`, and the bits of each. Text is an event as it stands, all else the data of one. */
export function seen(dialect: Dialect, payloads: readonly unknown[]): { reader: StreamReader; bits: number[] } {
  const reader = facts(dialect).openStream()
  return { reader, bits: payloads.map((payload) => reader.see(eventOf(payload))) }
}

/** An event with `payload` as its data. */
export function eventOf(payload: unknown): Buffer {
  return Buffer.from(typeof payload === 'string' ? payload : `data: ${JSON.stringify(payload)}\n\n`)
}
