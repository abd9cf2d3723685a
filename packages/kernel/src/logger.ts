/** What the house logs to; pino fits. */
export interface Logger {
  debug(fields: object, message?: string): void
  info(fields: object, message?: string): void
  warn(fields: object, message?: string): void
  error(fields: object, message?: string): void
  /** A logger whose every line carries these fields. */
  child(fields: object): Logger
}

const nothing = (): void => {}

/** Says nothing. */
export const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => silent }
