import type { Logger } from '@sluice/kernel'
import { pino } from 'pino'

/** The program's own log, whose level may change. */
export type ProcessLog = Logger & { level: string }

/** JSON lines on stderr, each written at once, so that none is lost when the process ends. */
export function processLog(fields: object = {}): ProcessLog {
  const stderr = pino.destination({ fd: 2, sync: true })
  return pino({ name: 'sluice', timestamp: pino.stdTimeFunctions.isoTime }, stderr).child(fields)
}
