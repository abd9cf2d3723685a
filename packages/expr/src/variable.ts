/** One variable of an exchange, found by name when an expression is compiled. */
export interface Variable<C> {
  /** `undefined` where the variable is absent. */
  read(context: C): unknown
  /** The value comes from the request body, which must have been read. */
  readonly needsBody?: boolean
}

/** Finds variables by name, at compile time only. A name that it does not know reads as absent everywhere. */
export type Variables<C> = (name: string) => Variable<C> | undefined
