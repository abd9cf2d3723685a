import type { GatewaySettings } from '@sluice/config'
import type { Logger } from '@sluice/kernel'

/** Whether two settings differ, as they are written. */
export function isOther(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) !== JSON.stringify(b)
}

/** Says which changed settings count only from the next start on. */
export function sayWhatNeedsRestart(started: GatewaySettings, now: GatewaySettings, log: Logger): void {
  for (const name of ['listen', 'status', 'admin', 'plugins', 'workers'] as const) {
    if (isOther(started[name], now[name])) log.warn({ setting: `gateway.${name}` }, `gateway.${name} has changed: restart to apply it`)
  }
}
