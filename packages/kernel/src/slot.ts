/** A typed key for a value that plugins share during one exchange. The object is the identity, so slots cannot collide. */
export interface Slot<T> {
  readonly label: string
  /** Phantom: carries `T`, never present at run time. */
  readonly type?: T
}

/** Makes a key; keep it in a module and export it to those who may read the value. */
export function slot<T>(label: string): Slot<T> {
  return { label }
}
