import type { Logger } from '@sluice/kernel'

/**
 * What the process does about faults that no exchange has caught, which are plugins' as a rule. A promise that was left
 * behind and rejects harms nobody else: it is logged, and everything goes on. After an exception that nobody caught, no
 * state can be trusted: `onDeath` has the last word, and the process ends with 1.
 */
export function watchFaults(log: Logger, onDeath: () => void = () => {}): void {
  process.on('unhandledRejection', (reason) => {
    log.error({ err: reason }, 'a promise that nobody waits for was rejected: a plugin has left it behind, as the stack says; the gateway serves on')
  })
  process.on('uncaughtException', (err) => {
    log.error({ err }, 'an exception that nobody caught ends this process')
    onDeath()
    process.exit(1)
  })
}
