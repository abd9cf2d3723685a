import type { GatewaySettings } from '@sluice/config'
import type { Logger } from '@sluice/kernel'

/** Whether two settings differ, as they are written. */
export function isOther(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) !== JSON.stringify(b)
}

const untilRestart = ['listen', 'status', 'admin', 'control', 'store', 'group', 'plugins', 'workers'] as const

/** Settings as they hold: those that need a restart are what they were at the start. */
export function asStarted(now: GatewaySettings, started: GatewaySettings): GatewaySettings {
  const { listen, status, store, group } = started
  return { ...now, listen, status, store, group }
}

/** Says which changed settings count only from the next start on. */
export function sayWhatNeedsRestart(started: GatewaySettings, now: GatewaySettings, log: Logger): void {
  for (const name of untilRestart) {
    if (isOther(started[name], now[name])) log.warn({ setting: `gateway.${name}` }, `gateway.${name} has changed: restart to apply it`)
  }
}
