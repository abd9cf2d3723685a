/** A gateway group: a name space of resources. */
export interface Group {
  readonly id: string
  readonly name: string
  readonly description?: string
  readonly labels?: Readonly<Record<string, string>>
  /** Unix time, seconds. */
  readonly createdAt: number
  /** Unix time, seconds. */
  readonly updatedAt: number
}

/** The group that always exists. */
export const defaultGroup = 'default'
