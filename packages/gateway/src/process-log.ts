import type { Logger } from '@sluice/kernel'
import { pino } from 'pino'

/** The program's own log, whose level may change. */
export type ProcessLog = Logger & { level: string }

/** JSON lines on stderr, each written at once, so that none is lost when the process ends. Nobody who reads there any more ends nothing. */
export function processLog(fields: object = {}): ProcessLog {
  const stderr = pino.destination({ fd: 2, sync: true })
  stderr.on('error', ignore)
  process.stderr.on('error', ignore)
  process.stdout.on('error', ignore)
  return pino({ name: 'sluice', timestamp: pino.stdTimeFunctions.isoTime }, stderr).child(fields)
}

/** There is nobody to be told. */
function ignore(): void {}
