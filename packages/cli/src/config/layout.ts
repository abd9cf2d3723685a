import type { Issue } from '@sluice/kernel'

/** A file of any format as the lists of ours, `{ routes: […], ssls: […] }`, and where its parts were written. */
export interface Layout {
  readonly lists: Readonly<Record<string, unknown>>
  /** A path in the lists as one in the file. */
  placeOf(path: Issue['path']): Issue['path']
  readonly issues: readonly Issue[]
  /** What is in the file and is not synced. */
  readonly notes: readonly string[]
  /** The settings of the process, where a file has them. */
  readonly settings?: unknown
}
