import { AccessLog } from '@sluice/access-log'
import { ConfigError, type Logger } from '@sluice/kernel'
import type { OpenLog } from './data-plane.ts'

/** Opens the file of the access log; what goes wrong with it later is said in the gateway's own log. */
export function openLogFile(log: Logger): OpenLog {
  return ({ settings, logLine }) => {
    if (settings.access_log === false || !logLine) return undefined
    const { path } = settings.access_log
    try {
      return new AccessLog({ path, line: logLine, onError: (err) => log.error({ err }, err.message) })
    } catch (error) {
      const message = `cannot be opened: ${(error as Error).message}`
      throw new ConfigError([{ path: ['gateway', 'access_log', 'path'], message }])
    }
  }
}
