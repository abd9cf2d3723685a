import type { Issue } from '@sluice/kernel'

/** One resource that is being checked. */
export interface Entry {
  readonly id: string
  /** `[kind, id]`. */
  readonly path: Issue['path']
  /** As written. */
  readonly raw: Readonly<Record<string, unknown>>
  /** Checked, defaults filled in; its types hold only while there are no issues. */
  readonly checked: Readonly<Record<string, unknown>>
}
