import type { HeaderMap } from './headers.ts'
import type { Outcome } from './outcome.ts'
import type { Phase } from './phase.ts'

export interface HttpErrorOptions extends ErrorOptions {
  /** Sent with the answer. */
  headers?: HeaderMap
  /** The dialect's own error type, where the status does not imply it. */
  type?: string
  /** The request member that is at fault. */
  param?: string
  /** What the log says in place of the message, where that may quote what the client sent. */
  logMessage?: string
  /** Members that clients of this family look for: the whole body where nobody knows the client's dialect, beside the dialect's own where one does. */
  body?: Readonly<Record<string, unknown>>
  /** How the exchange counts; by default `refused` below 500 and `gateway_error` from there on. */
  outcome?: Outcome
}

/** A refusal the client may read: `message` goes over the wire, `cause` stays in the log. Throw it from any hook. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number
  /** Stable and machine-readable, such as `body_too_large`; the message may be reworded, this may not. */
  readonly code: string
  readonly headers: HeaderMap | undefined
  readonly type: string | undefined
  readonly param: string | undefined
  readonly body: Readonly<Record<string, unknown>> | undefined
  readonly outcome: Outcome
  /** For the log; the message unless given. */
  readonly logMessage: string

  constructor(status: number, code: string, message: string, options: HttpErrorOptions = {}) {
    super(message, options)
    this.status = status
    this.code = code
    this.headers = options.headers
    this.type = options.type
    this.param = options.param
    this.body = options.body
    this.logMessage = options.logMessage ?? message
    this.outcome = options.outcome ?? (status < 500 ? 'refused' : 'gateway_error')
  }
}

/** A hook threw something it did not mean to. Answered as 500; the client learns nothing of it. */
export class PluginError extends Error {
  override readonly name = 'PluginError'
  readonly plugin: string
  readonly phase: Phase

  constructor(plugin: string, phase: Phase, cause: unknown) {
    super(`${plugin} failed in its ${phase} hook: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.plugin = plugin
    this.phase = phase
  }
}

/** One problem of a configuration. */
export interface Issue {
  /** From the root of the configuration: `['routes', 0, 'plugins', 'ai-proxy', 'timeout']`. */
  readonly path: readonly (string | number)[]
  /** What is wrong, and what would be right; reads on after the path. */
  readonly message: string
}

/** `routes[0].plugins.ai-proxy.timeout`; the root is an empty string. */
export function formatPath(path: Issue['path']): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else text += text === '' ? step : `.${step}`
  }
  return text
}

/** The configuration cannot be run. Lists every problem, not only the first. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly issues: readonly Issue[]

  constructor(issues: readonly Issue[]) {
    super(['invalid configuration', ...issues.map(formatIssue)].join('\n  '))
    this.issues = issues
  }
}

function formatIssue({ path, message }: Issue): string {
  return path.length > 0 ? `${formatPath(path)}: ${message}` : message
}

/** The text of anything thrown; undefined where there is nothing. */
export function messageOf(error: unknown): string | undefined {
  if (error === undefined) return undefined
  return error instanceof Error ? error.message : String(error)
}
