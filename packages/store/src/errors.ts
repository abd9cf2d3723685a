import { formatPath, type Issue } from '@sluice/kernel'

/** A change that would not be fit to serve: nothing of it was kept. Paths are `[kind, id, ...field]`. */
export class InvalidChangeError extends Error {
  override readonly name = 'InvalidChangeError'
  readonly issues: readonly Issue[]

  constructor(issues: readonly Issue[]) {
    super(issues.map(({ path, message }) => `${formatPath(path)}: ${message}`).join('; '))
    this.issues = issues
  }
}

/** Somebody else has changed what this change began with; nothing of it was kept. Read again, and try again. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError'
}

/**
 * What this change began with is not the newest any more; nothing of it was kept. A store makes it again once it has taken
 * in what is newer.
 */
export class OutdatedError extends Error {
  override readonly name = 'OutdatedError'
  /** Resolves once it has, or once it has waited long enough. */
  readonly caughtUp: Promise<void>

  constructor(message: string, caughtUp: Promise<void>) {
    super(message)
    this.caughtUp = caughtUp
  }
}

/** Where the configuration is kept cannot be reached; the message says whether anything may have been kept. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError'
}

/** The store takes no changes. */
export class ReadonlyError extends Error {
  override readonly name = 'ReadonlyError'
}

/** There is no such gateway group. */
export class UnknownGroupError extends Error {
  override readonly name = 'UnknownGroupError'
  readonly group: string

  constructor(group: string) {
    super(`gateway group ${JSON.stringify(group)} does not exist`)
    this.group = group
  }
}
