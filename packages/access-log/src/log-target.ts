/** What the bytes of a log go into: a file, or somebody who has one. */
export interface LogTarget {
  /** Names it in messages. */
  readonly path: string
  /** Whether it ends in the middle of a line, of a process that was killed for one. */
  endsTorn(): boolean
  /** One write: resolves to the number of bytes that were taken, rejects with the system's error. */
  write(bytes: Uint8Array): Promise<number>
  /** The same for a process that ends; gives the number, or throws. */
  writeSync(bytes: Uint8Array): number
  /** For whoever has moved the file away. */
  reopen(): Promise<void>
  close(): Promise<void>
}
